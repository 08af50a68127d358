"""Migrates run directories of older schema versions to this one.

The calls of version 1 are recorded again, which moves the texts that their prompts share to
the table `parts`. Old files are removed only after a new list of sealed files is in place. A
migration that was interrupted is done again, and until it is complete the run cannot be opened.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from simnet.disk import Disk, disk_errors, write_atomically
from simnet.errors import RecordError
from simnet.recording.checking.verify import sealed_file_problems
from simnet.recording.files import wal
from simnet.recording.files.lock import run_lock
from simnet.recording.files.manifest import changed, read_manifest, write_manifest
from simnet.recording.files.sealed_files import (
    SealedFiles,
    list_name,
    lists_in,
    path_inside,
    read_sealed_files,
)
from simnet.recording.files.segment import Segment, load, read_segment
from simnet.recording.schema import SCHEMA_VERSION, encode_columns, row_schema
from simnet.recording.writing.recorder import Recorder
from simnet.recording.writing.sealing import flawed_segment

OLDEST = 1
_CALLS = "calls"
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
        now = changed(manifest, {"schema_version": SCHEMA_VERSION})
        write_manifest(folder, now, Disk())
    return True


def _record_again(folder: Path, recorder: Recorder) -> None:
    disk = Disk()
    old = read_sealed_files(folder, disk, OLDEST)
    if lists_in(folder, disk) and old.schema_version == SCHEMA_VERSION:
        return  # an earlier attempt was interrupted after this step
    segments = list(_old_segments(folder, old))
    with disk_errors(f"migrating {folder}"):
        for rows in _old_rows(folder, old, segments):
            recorder.append(_CALLS, encode_columns(_CALLS, rows.columns))
            recorder.commit()
        new = SealedFiles(
            epoch=recorder.epoch,
            tables={name: files for name, files in old.tables.items() if name != _CALLS},
            merged=(*old.merged, *(segment.path.name for segment in segments)),
            repeats=old.repeats,
            cuts=(*old.cuts, *(flawed_segment(segment) for segment in segments if segment.flaw)),
        )
        text = new.model_dump_json(indent=1).encode()
        write_atomically(disk, folder / list_name(recorder.epoch), text)


def _old_segments(folder: Path, old: SealedFiles) -> Iterator[Segment]:
    """List the segments of calls that an older version wrote, not an earlier migration."""
    for name in wal.segments_in(folder, _CALLS):
        if name not in old.merged:
            segment = read_segment(folder / wal.WAL / name, _CALLS, OLDEST)
            if segment.version != SCHEMA_VERSION:
                yield segment


def _old_rows(folder: Path, old: SealedFiles, segments: Iterable[Segment]) -> Iterator[pa.Table]:
    schema = row_schema(_CALLS)  # the columns of version 1: each row has its whole prompt
    for sealed in old.tables.get(_CALLS, ()):
        path = path_inside(folder, sealed.path)
        if problems := list(sealed_file_problems(path, sealed)):
            raise RecordError(f"{folder}: {problems[0]}; a damaged run cannot be migrated")
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(_ROWS, columns=schema.names):
                yield pa.Table.from_batches([batch]).select(schema.names).cast(schema)
    for segment in segments:
        for batch in segment.batches:
            yield load(segment, [batch], schema)
