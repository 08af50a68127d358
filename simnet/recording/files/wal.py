"""The folder of segments: what its files are called and what they hold."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from simnet.disk import Disk
from simnet.recording.files.merge import Piece
from simnet.recording.files.segment import Batch, Segment, load, read_segment

WAL = "wal"
_SEGMENT = re.compile(r"([a-z_]+)-(\d{6})-(\d{6})\.arrows")
_EPOCH = re.compile(r"epoch-(\d{6})")
_ROWS_PER_PIECE = 64 << 10


def segment_name(table: str, epoch: int, number: int) -> str:
    """Name the file of a segment; the numbers of one epoch rise with time."""
    return f"{table}-{epoch:06}-{number:06}.arrows"


def epoch_mark(epoch: int) -> str:
    """Name the file whose creation takes an epoch."""
    return f"epoch-{epoch:06}"


def epochs_in(folder: Path, disk: Disk) -> list[int]:
    """List the epochs that were taken in a run directory, lowest first."""
    names = disk.list_folder(folder / WAL)
    return [int(found[1]) for name in names if (found := _EPOCH.fullmatch(name))]


def segments_in(folder: Path, table: str, disk: Disk | None = None) -> list[str]:
    """List the names of a table's segments in the order in which they were written."""
    names = (disk or Disk()).list_folder(folder / WAL)
    return [name for name in names if (found := _SEGMENT.fullmatch(name)) and found[1] == table]


def read_segments(folder: Path, table: str, names: list[str]) -> list[Segment]:
    """Check segments and index their intact prefixes."""
    return [read_segment(folder / WAL / name, table) for name in names]


def pieces_of(segment: Segment, columns: Sequence[str] | None = None) -> Iterator[Piece]:
    """Cut a segment into pieces of a good size to merge: neighbouring batches, loaded together.

    The rows have some columns or all.
    """
    starts = 0
    numbered = []
    for batch in segment.batches:
        numbered.append((starts // _ROWS_PER_PIECE, batch))
        starts += batch.rows
    for _number, group in groupby(numbered, key=lambda pair: pair[0]):
        yield _piece(segment, [batch for _, batch in group], columns)


def _piece(segment: Segment, batches: list[Batch], columns: Sequence[str] | None) -> Piece:
    def rows() -> pa.Table:
        loaded = load(segment, batches)
        return loaded if columns is None else loaded.select(columns)

    low = min(batch.low for batch in batches)
    high = max(batch.high for batch in batches)
    return Piece(low, high, sum(batch.rows for batch in batches), rows)
