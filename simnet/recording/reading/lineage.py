"""Where the rows of a run lie: in its own parts and segments, and in its parent's.

A fork has what happened before it in its parent's tables and copies none of it. Its parent is
the folder of that id beside its own.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from simnet.errors import RecordError
from simnet.recording.files import parquet, wal
from simnet.recording.files.manifest import MANIFEST, Manifest, read_manifest
from simnet.recording.files.merge import Piece
from simnet.recording.files.sealed_files import path_inside, read_sealed_files
from simnet.recording.schema import table_named

TIME = "at"


def own_pieces(folder: Path, name: str, columns: Sequence[str] | None = None) -> Iterator[Piece]:
    """List what a run directory itself holds of a table, in the order of arrival."""
    parts = read_sealed_files(folder)
    for part in parts.tables.get(name, ()):
        yield from parquet.pieces_of(folder, name, part, columns)
    names = [one for one in wal.segments_in(folder, name) if one not in parts.merged]
    for segment in wal.read_segments(folder, name, names):
        yield from wal.pieces_of(segment, columns)


def pieces(
    folder: Path, manifest: Manifest, name: str, columns: Sequence[str] | None = None
) -> Iterator[Piece]:
    """List all of a table, first what its ancestors recorded before the run was forked.

    Raises RecordError when an ancestor is not there.
    """
    if table_named(name).inherited:
        for ancestor, _ in reversed(list(lineage(folder, manifest))):
            yield from own_pieces(ancestor, name, columns)
    elif table_named(name).time == TIME:
        for ancestor, end in shares(folder, manifest):
            for piece in own_pieces(ancestor, name, columns and _with_time(columns)):
                if piece.low < end:
                    yield _until(piece, end, columns)
    yield from own_pieces(folder, name, columns)


def shares(folder: Path, manifest: Manifest) -> list[tuple[Path, float]]:
    """List a run's ancestors, the first run first, each with the moment its share ends at."""
    until = float("inf")
    found = []
    for ancestor, end in lineage(folder, manifest):
        until = min(until, end)
        found.append((ancestor, until))
    return found[::-1]


def lineage(folder: Path, manifest: Manifest) -> Iterator[tuple[Path, float]]:
    """List a run's parent, the parent's parent and so on, each with when it was left.

    Raises RecordError when one is missing or is its own ancestor.
    """
    seen = {folder.resolve()}
    while manifest.parent is not None:
        parent = path_inside(folder.parent, manifest.parent)
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


def _until(piece: Piece, end: float, columns: Sequence[str] | None) -> Piece:
    def load() -> pa.Table:
        rows = piece.load()
        if piece.high >= end:
            rows = rows.filter(pc.less(rows[TIME], end))
        return rows if columns is None else rows.select(columns)

    return piece._replace(load=load)
