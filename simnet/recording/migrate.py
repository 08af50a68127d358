"""Migrates run directories of older schema versions to this one.

All rows are recorded again, with the columns of this version. Old files are removed only after a
new list of sealed files is in place. A migration that was interrupted is done again, and until
it is complete the run cannot be opened.

Version 1 has the text of `system` in `calls`; version 2 has its hash there and the text in the
table `parts`. Both call the columns `time` and `group_name` `at` and `group`, and their times are
not multiples of a microsecond.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simnet.clock import TICKS
from simnet.errors import RecordError
from simnet.foundation.disk import Disk, disk_errors, write_atomically
from simnet.recording.checking.verify import sealed_file_problems
from simnet.recording.files import parquet, wal
from simnet.recording.files.lock import run_lock
from simnet.recording.files.manifest import changed, read_manifest, write_manifest
from simnet.recording.files.sealed_files import (
    SealedFiles,
    file_inside,
    list_name,
    lists_in,
    read_sealed_files,
)
from simnet.recording.files.segment import Segment, load, read_segment, stream_schema
from simnet.recording.schema import PROMPT_TEXTS, SCHEMA_VERSION, TABLES, encode_columns, row_schema
from simnet.recording.writing.recorder import Recorder
from simnet.recording.writing.sealing import flawed_segment

OLDEST = 1
OLD_PROMPT_TEXTS = "parts"
OLD_NAMES: Mapping[str, str] = {"time": "at", "group_name": "group"}
"""Names of columns that older versions have, by the names of today."""
_TIMES = ("time", "woke")
_ROWS = 8192


def migrate(folder: Path) -> bool:
    """Migrate a run directory to this version; returns whether it was of an older one.

    A fork and its parent are migrated separately. Raises RecordError when the run cannot be
    read or a process runs it, DiskError when the disk refuses.
    """
    with run_lock(folder):
        manifest = read_manifest(folder, OLDEST)
        if manifest.schema_version == SCHEMA_VERSION:
            return False
        with Recorder(folder) as recorder:
            _record_again(folder, recorder)
            recorder.seal()
        _remove_old_texts(folder)
        now = changed(manifest, {"schema_version": SCHEMA_VERSION})
        write_manifest(folder, now, Disk())
    return True


def _record_again(folder: Path, recorder: Recorder) -> None:
    disk = Disk()
    old = read_sealed_files(folder, disk, OLDEST)
    if lists_in(folder, disk) and old.schema_version == SCHEMA_VERSION:
        return  # an earlier attempt was interrupted after this step
    record = _OldRecord(folder, old)
    with disk_errors(f"migrating {folder}"):
        texts = record.prompt_texts()
        for name in TABLES:
            for rows in record.rows(name) if name != PROMPT_TEXTS else ():
                recorder.append(name, encode_columns(name, _columns(name, rows, texts)))
                recorder.commit()
        segments = record.segments
        new = SealedFiles(
            epoch=recorder.epoch,
            merged=(*old.merged, *(segment.path.name for segment in segments)),
            repeats={
                PROMPT_TEXTS if name == OLD_PROMPT_TEXTS else name: count
                for name, count in old.repeats.items()
            },
            cuts=(*old.cuts, *(flawed_segment(segment) for segment in segments if segment.flaw)),
        )
        text = new.model_dump_json(indent=1).encode()
        write_atomically(disk, folder / list_name(recorder.epoch), text)


class _OldRecord:
    """The tables of a run as an older version wrote them."""

    def __init__(self, folder: Path, sealed: SealedFiles) -> None:
        self._folder = folder
        self._sealed = sealed
        self.segments: list[Segment] = []
        """The segments that were read and are not merged into sealed files."""

    def prompt_texts(self) -> Mapping[str, str]:
        """Read the texts of version 2 by their hashes."""
        return {
            digest: text
            for rows in self.rows(OLD_PROMPT_TEXTS)
            for digest, text in zip(rows["hash"].to_pylist(), rows["text"].to_pylist(), strict=True)
        }

    def rows(self, name: str) -> Iterator[pa.Table]:
        """Read a table in pieces, with the columns that its files have."""
        for sealed in self._sealed.tables.get(name, ()):
            path = file_inside(self._folder, sealed.path)
            if problems := list(sealed_file_problems(path, sealed)):
                raise RecordError(
                    f"{self._folder}: {problems[0]}; a damaged run cannot be migrated"
                )
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                for batch in file.iter_batches(_ROWS):
                    yield pa.Table.from_batches([batch])
        for segment in self._segments(name):
            for batch in segment.batches:
                yield load(segment, [batch], stream_schema(segment.path))

    def _segments(self, name: str) -> Iterable[Segment]:
        """List the segments of a table that an older version wrote, not an earlier migration."""
        for file in wal.segments_in(self._folder, name):
            if file in self._sealed.merged:
                continue
            segment = read_segment(self._folder / wal.WAL / file, name, OLDEST)
            if segment.version != SCHEMA_VERSION:
                self.segments.append(segment)
                yield segment


def _columns(name: str, rows: pa.Table, texts: Mapping[str, str]) -> list[Any]:
    """Return the columns of `row_schema` for rows of an older version."""
    columns: list[Any] = []
    for field in row_schema(name):
        if f"{field.name}_hash" in rows.column_names:
            hashes = rows[f"{field.name}_hash"].to_pylist()
            columns.append([texts[digest] for digest in hashes])
            continue
        old = field.name if field.name in rows.column_names else OLD_NAMES.get(field.name)
        if old not in rows.column_names:
            columns.append([[] if pa.types.is_list(field.type) else None] * rows.num_rows)
        elif field.name in _TIMES:
            times = rows[old].combine_chunks()
            ticks = np.rint(times.fill_null(0.0).to_numpy() * TICKS) / TICKS
            columns.append(pa.array(ticks, mask=times.is_null().to_numpy(zero_copy_only=False)))
        else:
            columns.append(rows[old].combine_chunks())
    return columns


def _remove_old_texts(folder: Path) -> None:
    """Remove the files of `parts`, whose texts are in the table `prompt_texts` now."""
    for name in wal.segments_in(folder, OLD_PROMPT_TEXTS):
        (folder / wal.WAL / name).unlink()
    old = folder / OLD_PROMPT_TEXTS
    if old.is_dir() and not old.is_symlink():
        for path in old.iterdir():
            if parquet.sealed_by(path.name) is not None and path.is_file():
                path.unlink()
        if not any(old.iterdir()):
            old.rmdir()
