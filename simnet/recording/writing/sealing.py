"""Sealing: segments become Parquet parts, and a list of parts makes them count."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from simnet.disk import Disk, write_atomically
from simnet.recording.files import parquet, wal
from simnet.recording.files.merge import Piece, keys, merge, regroup, unseen
from simnet.recording.files.sealed_files import (
    Cut,
    SealedFile,
    SealedFiles,
    list_name,
    lists_in,
    read_sealed_files,
)
from simnet.recording.files.segment import Segment
from simnet.recording.schema import TABLES, Table


class _SealedTable(NamedTuple):
    parts: tuple[SealedFile, ...]
    merged: tuple[str, ...]
    repeats: int
    cuts: tuple[Cut, ...]


def seal_run(
    disk: Disk, folder: Path, epoch: int, attempt: int, *, fence: Callable[[], None]
) -> SealedFiles:
    """Merge all segments of a run into parts and make the list of `epoch` name them.

    `fence` raises when a later epoch has taken over; it is asked before the list is put in
    place and before anything is removed. Raises OSError when the disk refuses; then either
    the old list counts with all it needs, or the new one does.
    """
    old = read_sealed_files(folder, disk)
    stem = part_stem(epoch, attempt)
    tables = {name: _seal_table(disk, folder, name, old, stem) for name in TABLES}
    new = SealedFiles(
        epoch=epoch,
        tables={name: table.parts for name, table in tables.items() if table.parts},
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
    _clean(disk, folder, new, path.name)
    return new


def part_stem(epoch: int, attempt: int) -> str:
    """Begin the names of the parts that one attempt to seal writes; they rise with time."""
    return f"part-{epoch:06}-{attempt:03}"


def _seal_table(disk: Disk, folder: Path, name: str, old: SealedFiles, stem: str) -> _SealedTable:
    names = wal.segments_in(folder, name, disk)
    segments = wal.read_segments(folder, name, [one for one in names if one not in old.merged])
    fresh = [piece for segment in segments for piece in wal.pieces_of(segment)]
    listed = old.tables.get(name, ())
    cuts = tuple(cut_of(segment) for segment in segments if segment.flaw)
    if not fresh:
        return _SealedTable(listed, tuple(names), 0, cuts)
    kept, mixed = _apart(TABLES[name], listed, min(piece.low for piece in fresh))
    pieces = [one for part in mixed for one in parquet.pieces_of(folder, name, part)]
    pieces += fresh
    rows = regroup(_rows(folder, name, kept, pieces), parquet.rows_per_group(name))
    written = tuple(parquet.write_parts(disk, folder, name, stem, rows))
    repeats = sum(piece.rows for piece in pieces) - sum(part.rows for part in written)
    return _SealedTable(kept + written, tuple(names), repeats, cuts)


def _rows(
    folder: Path, name: str, kept: Sequence[SealedFile], pieces: Sequence[Piece]
) -> Iterator[pa.Table]:
    """Put pieces in order; of a table without time, without what is in the parts that stay."""
    table = TABLES[name]
    if table.time is not None:
        return merge(table, pieces)
    there: set[Hashable] = set()
    for part in kept:
        for piece in parquet.pieces_of(folder, name, part, table.key):
            there.update(keys(table, piece.load()))
    return unseen(table, pieces, there)


def _apart(
    table: Table, parts: tuple[SealedFile, ...], low: float
) -> tuple[tuple[SealedFile, ...], tuple[SealedFile, ...]]:
    """Tell the parts that end before `low`, and can stay as they are, from the others."""
    if table.time is None:
        return parts, ()
    kept = tuple(part for part in parts if part.high < low)
    return kept, tuple(part for part in parts if part.high >= low)


def cut_of(segment: Segment) -> Cut:
    """Note what could be read of a segment that has a flaw."""
    return Cut(
        segment=segment.path.name,
        intact=segment.intact,
        size=segment.size,
        flaw=segment.flaw or "",
    )


def _clean(disk: Disk, folder: Path, new: SealedFiles, list_in_place: str) -> None:
    """Remove what the list in place no longer needs; a segment with a flaw is set aside."""
    flawed = {cut.segment for cut in new.cuts}
    for name in new.merged:
        path = folder / wal.WAL / name
        if name in flawed:
            disk.replace(path, path.with_suffix(".cut"))
        else:
            disk.unlink(path)
    needed = {part.path for listed in new.tables.values() for part in listed}
    beyond = part_stem(new.epoch + 1, 0)
    for table in TABLES:
        for name in disk.list_folder(folder / table):
            if name < beyond and f"{table}/{name}" not in needed:
                disk.unlink(folder / table / name)
    for name in lists_in(folder, disk):
        if name < list_in_place:
            disk.unlink(folder / name)
