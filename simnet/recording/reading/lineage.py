"""Finds the rows of a run: in its own sealed files and segments, and in those of its ancestors.

A fork does not copy the rows before the fork; they are in the tables of its parent, whose folder
is beside its own.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from simnet.errors import RecordError
from simnet.recording.files import parquet, wal
from simnet.recording.files.manifest import MANIFEST, Manifest, read_manifest
from simnet.recording.files.merge import TableSlice
from simnet.recording.files.sealed_files import SealedFiles, path_inside
from simnet.recording.files.segment import Segment
from simnet.recording.schema import table_named

TIME = "time"


def own_slices(
    folder: Path, name: str, columns: Sequence[str] | None = None
) -> Iterator[TableSlice]:
    """List the slices of a table in one run directory, in the order of arrival."""
    files, segments = _parts(folder, name)
    for sealed in files.tables.get(name, ()):
        yield from parquet.slices_of(folder, name, sealed, columns)
    for segment in segments:
        yield from wal.slices_of(segment, columns)


def _parts(folder: Path, name: str) -> tuple[SealedFiles, list[Segment]]:
    """Return the list of sealed files and the segments of a table, also while they are sealed."""
    files, names = wal.parts_of(folder, name)
    try:
        return files, wal.read_segments(folder, name, names)
    except FileNotFoundError:
        if wal.parts_of(folder, name) == (files, names):
            raise
        return _parts(folder, name)


def slices(
    folder: Path, manifest: Manifest, name: str, columns: Sequence[str] | None = None
) -> Iterator[TableSlice]:
    """List all slices of a table, first those of its ancestors, up to the fork.

    Raises RecordError when an ancestor is missing.
    """
    if table_named(name).inherited:
        for ancestor, _ in reversed(list(lineage(folder, manifest))):
            yield from own_slices(ancestor, name, columns)
    elif table_named(name).time == TIME:
        for ancestor, end in shares(folder, manifest):
            for table_slice in own_slices(ancestor, name, columns and _with_time(columns)):
                if table_slice.low < end:
                    yield _before(table_slice, end, columns)
    yield from own_slices(folder, name, columns)


def shares(folder: Path, manifest: Manifest) -> list[tuple[Path, float]]:
    """List a run's ancestors, the oldest first, each with the time at which its share ends."""
    until = float("inf")
    found = []
    for ancestor, end in lineage(folder, manifest):
        until = min(until, end)
        found.append((ancestor, until))
    return found[::-1]


def lineage(folder: Path, manifest: Manifest) -> Iterator[tuple[Path, float]]:
    """List a run's parent, the parent's parent and so on, each with the time of the fork.

    Raises RecordError when one is missing or is its own ancestor.
    """
    seen = {folder.resolve()}
    while manifest.parent is not None:
        parent = path_inside(folder.parent, manifest.parent)
        if parent.parent != folder.parent:
            raise RecordError(
                f"{folder}: names {manifest.parent!r}, which is no run, as its parent"
            )
        if not (parent / MANIFEST).is_file():
            raise RecordError(
                f"{folder}: was forked from the run {manifest.parent!r}, which is not in "
                f"{folder.parent}; put it there, it holds what happened before the fork"
            )
        if parent.resolve() in seen:
            raise RecordError(f"{folder}: is its own ancestor by {parent}; the manifest is wrong")
        seen.add(parent.resolve())
        yield parent, manifest.parent_until or 0.0
        folder, manifest = parent, read_manifest(parent)


def _with_time(columns: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*columns, TIME]))


def _before(table_slice: TableSlice, end: float, columns: Sequence[str] | None) -> TableSlice:
    def load() -> pa.Table:
        rows = table_slice.load()
        if table_slice.high >= end:
            rows = rows.filter(pc.less(rows[TIME], end))
        return rows if columns is None else rows.select(columns)

    return table_slice._replace(load=load)
