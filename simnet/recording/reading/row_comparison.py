"""Compares rows that a run makes again with the recorded ones.

The scheduler hands rows over in the order in which the kernel makes them, and a crash loses only
the last ones. So the recorded rows of a table are the first rows of the run that is done again,
unless a damaged segment left a gap.
"""

from collections.abc import Hashable, Iterator
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from simnet.clock import Seconds, format_time
from simnet.recording.files import wal
from simnet.recording.files.merge import keys
from simnet.recording.reading.run import Run
from simnet.recording.schema import table_named

Row: TypeAlias = dict[str, Any]
DAMAGED = "damaged"


class Compared(NamedTuple):
    """The result of comparing some rows."""

    recorded: int
    """How many of the rows, from the first on, are equal to recorded ones."""
    difference: str | None
    """The first difference; None if there is none."""


def rows_before(rows: pa.Table, count: int, until: Seconds) -> int:
    """Count those of the first rows that are before a time."""
    return pc.sum(pc.less(rows["time"].slice(0, count), until)).as_py() or 0


def decoded(batch: bytes) -> pa.Table:
    """Decode rows that `encode` encoded."""
    return pa.ipc.open_stream(batch).read_all()


def without_first(rows: pa.Table, count: int) -> bytes | None:
    """Encode all rows but the first; None if no row is left."""
    left = rows.slice(count)
    if not left.num_rows:
        return None
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, left.schema) as writer:
        writer.write_table(left)
    encoded: bytes = sink.getvalue().to_pybytes()
    return encoded


class RowComparison:
    """Compares one table, a batch at a time; memory holds a slice of the recorded rows."""

    def __init__(self, run: Run, name: str, *, initial: bool = True) -> None:
        """Take the run as it is recorded now; rows that are recorded later are not compared.

        `initial` says whether ties of the start are compared too.
        """
        self._name = name
        self._table = table_named(name)
        self._slices = _recorded(run, name, initial=initial)
        self._left = next(self._slices, None)
        """Recorded rows that were read and not compared yet; None if there are no more."""
        self._gaps = has_gaps(run, name)
        self.rows = 0
        """Rows that were added."""

    def add(self, rows: pa.Table) -> Compared:
        """Compare the next rows."""
        first = self.rows
        self.rows += rows.num_rows
        if self._left is None or not rows.num_rows:
            return Compared(0, None)
        if self._gaps:
            return Compared(0, self._compare_by_key(rows))
        self._read(rows.num_rows)
        count = min(self._left.num_rows, rows.num_rows)
        was, now = self._left.slice(0, count), rows.slice(0, count)
        if was.equals(now):
            self._drop(count)
            return Compared(count, None)
        row, fields = _first_difference(was, now)
        return Compared(row, f"{self._name}: row {first + row:,}: {fields}")

    def end(self) -> str | None:
        """Return the difference if a recorded row was not made again."""
        if self._left is None:
            return None
        (row,) = self._left.slice(0, 1).to_pylist()
        return f"{self._name}: row {self.rows:,}: {place(row)}: was recorded and is not made again"

    def _read(self, count: int) -> None:
        """Read slices until there are `count` rows, as far as there are any."""
        assert self._left is not None
        while self._left.num_rows < count and (more := next(self._slices, None)) is not None:
            self._left = pa.concat_tables([self._left, more])

    def _drop(self, count: int) -> None:
        assert self._left is not None
        left = self._left.slice(count)
        self._left = left if left.num_rows else next(self._slices, None)

    def _compare_by_key(self, rows: pa.Table) -> str | None:
        """Compare the rows whose keys are recorded; the other rows fill gaps."""
        last = rows[self._table.time][-1].as_py()
        while self._left is not None and self._latest() <= last:
            more = next(self._slices, None)
            if more is None:
                break
            self._left = pa.concat_tables([self._left, more])
        assert self._left is not None
        known = dict(zip(keys(self._table, self._left), self._left.to_pylist(), strict=True))
        for key, now in zip(keys(self._table, rows), rows.to_pylist(), strict=True):
            was = known.pop(key, None)
            if was is not None and was != now:
                return f"{self._name}: {difference_of(was, now)}"
        return self._keep(known, last)

    def _latest(self) -> float:
        assert self._left is not None
        latest: float = self._left[self._table.time][-1].as_py()
        return latest

    def _keep(self, known: dict[Hashable, Row], last: float) -> str | None:
        """Keep the recorded rows that may still be made; return the first that was passed over."""
        assert self._left is not None
        order = self._table.time or ""
        passed = next((row for row in known.values() if row[order] < last), None)
        if passed is not None:
            return f"{self._name}: {place(passed)}: was recorded and is not made again"
        left = pa.Table.from_pylist(list(known.values()), self._left.schema)
        self._left = left if left.num_rows else next(self._slices, None)
        return None


def has_gaps(run: Run, name: str) -> bool:
    """Say whether a segment of a table was damaged, so that rows before others may be missing.

    A torn end leaves no gap: whatever was recorded after it begins before it.
    """
    sealed = run.sealed_files()
    flaws = [cut.flaw for cut in sealed.cuts if wal.table_of(cut.segment) == name]
    unmerged = [file for file in wal.segments_in(run.path, name) if file not in sealed.merged]
    flaws += [segment.flaw or "" for segment in wal.read_segments(run.path, name, unmerged)]
    return DAMAGED in flaws


def _recorded(run: Run, name: str, *, initial: bool) -> Iterator[pa.Table]:
    """Yield the rows of a table that are recorded by now."""
    changes = pc.field("change") != "initial"  # not a constant: Arrow imports pandas for it
    for rows in run.batches(name):
        wanted = rows if initial or name != "network" else rows.filter(changes)
        if wanted.num_rows:
            yield wanted


def _first_difference(recorded: pa.Table, made: pa.Table) -> tuple[int, str]:
    pairs = zip(recorded.to_pylist(), made.to_pylist(), strict=True)
    row, (was, now) = next((n, pair) for n, pair in enumerate(pairs) if pair[0] != pair[1])
    return row, difference_of(was, now)


def difference_of(was: Row, now: Row) -> str:
    """Say whose row differs, and in which fields."""
    fields = [name for name in was if was[name] != now[name]]
    return f"{place(was)}: " + "; ".join(f"{f} was {was[f]!r}, is {now[f]!r}" for f in fields)


def place(row: Row) -> str:
    """Name the member, or the entry of recorded state, and the time of a row."""
    who = f"@{row.get('who') or row.get('follower') or row.get('id')}"
    if "key" in row:
        who = f"{row['name']}[{row['key']}]"
    time = row.get("time")
    return who if time is None else f"{who} at {format_time(time)}"
