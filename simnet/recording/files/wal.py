"""The folder `wal/` of a run directory: names and slices of segments, and marks of epochs."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from simnet.errors import DiskFullError
from simnet.foundation.disk import Disk, check_folder, disk_errors, read_regular, write_atomically
from simnet.recording.files.merge import TableSlice
from simnet.recording.files.sealed_files import SealedFiles, read_sealed_files
from simnet.recording.files.segment import Batch, Segment, load, read_segment

WAL = "wal"
_SEGMENT = re.compile(r"([a-z_]+)-(\d{6})-(\d{6})\.arrows")
_EPOCH = re.compile(r"epoch-(\d{6})")
_ROWS_PER_SLICE = 64 << 10


def segment_name(table: str, epoch: int, number: int) -> str:
    """Name the file of a segment; the numbers of one epoch rise with time."""
    return f"{table}-{epoch:06}-{number:06}.arrows"


def epoch_mark(epoch: int) -> str:
    """Name the empty file whose creation takes an epoch."""
    return f"epoch-{epoch:06}"


def is_epoch_mark(name: str) -> bool:
    """Whether a name is that of a file whose creation takes an epoch."""
    return _EPOCH.fullmatch(name) is not None


def epoch_of(name: str) -> int:
    """Return the epoch of a segment or of a mark by its name; 0 of any other name."""
    segment, mark = _SEGMENT.fullmatch(name), _EPOCH.fullmatch(name)
    return int(segment[2]) if segment else int(mark[1]) if mark else 0


def epochs_in(folder: Path, disk: Disk) -> list[int]:
    """List the epochs of a run directory, lowest first."""
    names = _names(folder, disk)
    return [int(found[1]) for name in names if (found := _EPOCH.fullmatch(name))]


def segments_in(folder: Path, table: str, disk: Disk | None = None) -> list[str]:
    """Name the segments of a table, in the order in which they were written."""
    return [name for name in _names(folder, disk or Disk()) if table_of(name) == table]


def freeze_segments(folder: Path, disk: Disk) -> None:
    """Put copies in the place of the segments that a recorder of an earlier epoch may write to.

    It may be in the middle of a commit, which it does not acknowledge any more. Its rows would
    come into the record after some of that has been read to continue the run.
    """
    found = [found for name in _names(folder, disk) if (found := _SEGMENT.fullmatch(name))]
    # Who wrote segments had frozen all earlier ones. The last mark may be of one that failed to.
    epoch = max((int(one[2]) for one in found), default=0)
    # They are in order, and only the last of a table is written to.
    last = {one[1]: one[0] for one in found if int(one[2]) == epoch}
    action = f"freezing the record in {folder}"
    with suppress(DiskFullError), disk_errors(action):  # a full disk is waited for later
        for name in last.values():
            path = folder / WAL / name
            with suppress(FileNotFoundError):  # the other one has just sealed it
                write_atomically(disk, path, read_regular(path))


def parts_of(folder: Path, table: str) -> tuple[SealedFiles, list[str]]:
    """Read the list of sealed files, and name the segments of a table that are not in it.

    A seal puts its list in place and then removes segments: between two looks, their rows would be
    in neither. So both are looked at again until the list stays.
    """
    files, names = None, list[str]()
    while (found := read_sealed_files(folder)) != files:
        files, names = found, segments_in(folder, table)
    return found, [name for name in names if name not in found.merged]


def table_of(segment: str) -> str | None:
    """Return the table of a segment's name; None if it is no such name."""
    found = _SEGMENT.fullmatch(segment)
    return found[1] if found else None


def _names(folder: Path, disk: Disk) -> list[str]:
    check_folder(folder / WAL)
    return disk.list_folder(folder / WAL)


def read_segments(folder: Path, table: str, names: list[str]) -> list[Segment]:
    """Check segments and index the batches of their intact prefixes."""
    return [read_segment(folder / WAL / name, table) for name in names]


def slices_of(segment: Segment, columns: Sequence[str] | None = None) -> Iterator[TableSlice]:
    """Divide a segment into slices of neighbouring batches, with some columns or all."""
    rows_before = 0
    numbered = []
    for batch in segment.batches:
        numbered.append((rows_before // _ROWS_PER_SLICE, batch))
        rows_before += batch.rows
    for _number, group in groupby(numbered, key=lambda pair: pair[0]):
        yield _slice(segment, [batch for _, batch in group], columns)


def _slice(segment: Segment, batches: list[Batch], columns: Sequence[str] | None) -> TableSlice:
    def load_rows() -> pa.Table:
        rows = load(segment, batches)
        return rows if columns is None else rows.select(columns)

    low = min(batch.low for batch in batches)
    high = max(batch.high for batch in batches)
    return TableSlice(low, high, sum(batch.rows for batch in batches), load_rows)
