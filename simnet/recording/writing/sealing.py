"""Sealing: merges segments into Parquet files and puts the list of sealed files in place."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from simnet.errors import RecordError
from simnet.foundation.disk import Disk, check_folder, write_atomically
from simnet.recording.files import parquet, wal
from simnet.recording.files.manifest import run_id_of
from simnet.recording.files.merge import TableSlice, keys, merge, regroup, unseen
from simnet.recording.files.sealed_files import (
    FlawedSegment,
    SealedFile,
    SealedFiles,
    list_name,
    lists_in,
    read_sealed_files,
)
from simnet.recording.files.segment import Segment
from simnet.recording.schema import TABLES, Table


class _SealedTable(NamedTuple):
    files: tuple[SealedFile, ...]
    merged: tuple[str, ...]
    repeats: int
    cuts: tuple[FlawedSegment, ...]
    intact: dict[str, int]
    """Rows of each segment that could be read."""


def seal_run(
    disk: Disk, folder: Path, epoch: int, attempt: int, *, fence: Callable[[], None]
) -> tuple[SealedFiles, Mapping[str, int | None]]:
    """Merge all segments of a run into sealed files and write the list of `epoch`.

    Returns the list, and how many rows were read from each segment: None of those that an earlier
    attempt has merged.

    `fence` raises when a later epoch has taken over; it is called before the list is put in
    place and before anything is removed. Raises RecordError for a link where a folder or a segment
    has to be, and OSError when the disk refuses; then either the
    old list is in place with all files that it names, or the new one is, and what no list names
    was removed: the next attempt would find less room.
    """
    try:
        return _sealed_run(disk, folder, epoch, attempt, fence)
    except OSError:
        with suppress(OSError, RecordError):  # the first error is the one to report
            listed = read_sealed_files(folder, disk)
            _remove_unlisted(disk, folder, listed, (epoch, 0), (epoch, attempt))
        raise


def _sealed_run(
    disk: Disk, folder: Path, epoch: int, attempt: int, fence: Callable[[], None]
) -> tuple[SealedFiles, Mapping[str, int | None]]:
    for name in TABLES:
        check_folder(folder / name)
    old = read_sealed_files(folder, disk)
    stem, run_id = parquet.file_stem(epoch, attempt), run_id_of(folder)
    tables = {name: _seal_table(disk, folder, run_id, name, old, stem) for name in TABLES}
    new = SealedFiles(
        epoch=epoch,
        tables={name: table.files for name, table in tables.items() if table.files},
        merged=tuple(name for table in tables.values() for name in table.merged),
        repeats={
            name: count
            for name, table in tables.items()
            if (count := table.repeats + old.repeats.get(name, 0))
        },
        cuts=old.cuts + tuple(cut for table in tables.values() for cut in table.cuts),
    )
    fence()
    path = folder / list_name(epoch)
    write_atomically(disk, path, new.model_dump_json(indent=1).encode())
    fence()
    _clean(disk, folder, new, attempt)
    merged: dict[str, int | None] = dict.fromkeys(old.merged)
    for table in tables.values():
        merged.update(table.intact)
    return new, merged


def _seal_table(
    disk: Disk, folder: Path, run_id: str, name: str, old: SealedFiles, stem: str
) -> _SealedTable:
    names = wal.segments_in(folder, name, disk)
    unmerged = [segment for segment in names if segment not in old.merged]
    segments = wal.read_segments(folder, name, unmerged)
    fresh = [table_slice for segment in segments for table_slice in wal.slices_of(segment)]
    listed = old.tables.get(name, ())
    cuts = tuple(flawed_segment(segment) for segment in segments if segment.flaw)
    intact = {segment.path.name: segment.rows for segment in segments}
    if not fresh:
        return _SealedTable(listed, tuple(names), repeats=0, cuts=cuts, intact=intact)
    earliest = min(table_slice.low for table_slice in fresh)
    kept, overlapping = _split_files(TABLES[name], listed, earliest)
    slices: list[TableSlice] = []
    for sealed in overlapping:
        slices += parquet.slices_of(folder, name, sealed)
    slices += fresh
    rows = regroup(_rows(folder, name, kept, slices), parquet.rows_per_group(name))
    written = tuple(parquet.write_sealed_files(disk, folder, run_id, name, stem, rows))
    rows_read = sum(table_slice.rows for table_slice in slices)
    return _SealedTable(
        files=kept + written,
        merged=tuple(names),
        repeats=rows_read - sum(sealed.rows for sealed in written),
        cuts=cuts,
        intact=intact,
    )


def _rows(
    folder: Path, name: str, kept: Sequence[SealedFile], slices: Sequence[TableSlice]
) -> Iterator[pa.Table]:
    """Merge slices; for a table without time, leave out rows that are in the kept files."""
    table = TABLES[name]
    if table.time is not None:
        return merge(table, slices)
    seen: set[Hashable] = set()
    for sealed in kept:
        for table_slice in parquet.slices_of(folder, name, sealed, table.key):
            seen.update(keys(table, table_slice.load()))
    return unseen(table, slices, seen)


def _split_files(
    table: Table, files: tuple[SealedFile, ...], low: float
) -> tuple[tuple[SealedFile, ...], tuple[SealedFile, ...]]:
    """Split the files into those that end before `low` and are kept, and the others."""
    if table.time is None:
        return files, ()
    kept = tuple(sealed for sealed in files if sealed.high < low)
    return kept, tuple(sealed for sealed in files if sealed.high >= low)


def flawed_segment(segment: Segment) -> FlawedSegment:
    """Describe a segment whose end could not be read, for the list of sealed files."""
    return FlawedSegment(
        segment=segment.path.name,
        intact=segment.intact,
        size=segment.size,
        flaw=segment.flaw or "",
    )


def _clean(disk: Disk, folder: Path, new: SealedFiles, attempt: int) -> None:
    """Remove files that the current list does not need; flawed segments are renamed instead.

    Only files of the recorder's own names are removed: segments that were merged, sealed files of
    this attempt or an earlier one, older lists. Whatever else is in a folder stays.
    """
    flawed = {cut.segment for cut in new.cuts}
    for name in new.merged:
        path = folder / wal.WAL / name
        if name in flawed:
            disk.replace(path, path.with_suffix(".cut"))
        else:
            disk.unlink(path)
    _remove_unlisted(disk, folder, new, (0, 0), (new.epoch, attempt))
    for name in lists_in(folder, disk):
        if name < list_name(new.epoch) and (folder / name).is_file():
            disk.unlink(folder / name)


def _remove_unlisted(
    disk: Disk, folder: Path, files: SealedFiles, first: tuple[int, int], last: tuple[int, int]
) -> None:
    """Remove sealed files of these attempts (epoch and number) that a list does not name."""
    needed = {sealed.path for listed in files.tables.values() for sealed in listed}
    for table in TABLES:
        for name in disk.list_folder(folder / table):
            by, path = parquet.sealed_by(name), folder / table / name
            ours = by is not None and first <= by <= last and path.is_file()
            if ours and f"{table}/{name}" not in needed:
                disk.unlink(path)
