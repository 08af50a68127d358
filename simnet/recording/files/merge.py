"""Merges slices of a table in order of time, without repeats and in bounded memory.

Rows reach the recorder almost in the order of simulated time, so each slice (a few batches of a
segment, or a row group of a sealed file) spans a short interval of it. The merge loads the
slices by their earliest time and yields, sorted, the rows before the earliest time of the next
slice. Memory holds only the slices that overlap in time.

Repeats of a row have the same time, because a run is a function of its scenario, its seed and
the replies. The first to arrive is kept. Two rows with one key and different times contradict
each other; both are kept, so that `simnet verify` finds them.

A table without a time column keeps the order of arrival, and memory holds its keys.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simnet.recording.schema import Table

_ARRIVAL = "__arrival"
_SLICE_BITS = 32
_ROWS_PER_OUTPUT = 128 << 10


class TableSlice(NamedTuple):
    """Rows of a table that are loaded together: row groups of a file, batches of a segment."""

    low: float
    high: float
    """Bounds of the column that orders the table."""
    rows: int
    load: Callable[[], pa.Table]


def merge(table: Table, slices: Sequence[TableSlice]) -> Iterator[pa.Table]:
    """Yield the rows of all slices in the table's order, each key once.

    `slices` are in the order in which their rows arrived.
    """
    if table.time is None:
        yield from unseen(table, slices, set())
        return
    arrivals = sorted(range(len(slices)), key=lambda number: slices[number].low)
    waiting: list[pa.Table] = []
    reached = 0.0
    for number in arrivals:
        table_slice = slices[number]
        if waiting and reached < table_slice.low:
            ready, waiting = _split(waiting, table.time, table_slice.low)
            yield from _sorted(table, ready)
        waiting.append(_with_arrival(table_slice.load(), number))
        reached = table_slice.low
    if waiting:
        yield from _sorted(table, pa.concat_tables(waiting))


def unseen(table: Table, slices: Sequence[TableSlice], seen: set[Hashable]) -> Iterator[pa.Table]:
    """Yield the rows, in order of arrival, whose key is not in `seen`, and add it to `seen`."""
    for table_slice in slices:
        rows = table_slice.load()
        fresh = []
        for key in keys(table, rows):
            fresh.append(key not in seen)
            seen.add(key)
        if any(fresh):
            yield rows.filter(pa.array(fresh, pa.bool_()))


def keys(table: Table, rows: pa.Table) -> Iterable[Hashable]:
    """List the keys of rows."""
    columns = [rows[name].to_pylist() for name in table.key]
    return columns[0] if len(columns) == 1 else zip(*columns, strict=True)


def regroup(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Divide a stream of tables into tables of `rows` rows and a shorter last one."""
    waiting: list[pa.Table] = []
    count = 0
    for table in tables:
        waiting.append(table)
        count += table.num_rows
        if count >= rows:
            joined = pa.concat_tables(waiting)
            whole = count - count % rows
            for start in range(0, whole, rows):
                yield joined.slice(start, rows)
            waiting = [joined.slice(whole)]
            count -= whole
    if count:
        yield pa.concat_tables(waiting)


def _with_arrival(rows: pa.Table, number: int) -> pa.Table:
    arrival = (number << _SLICE_BITS) + np.arange(rows.num_rows, dtype=np.int64)
    return rows.append_column(_ARRIVAL, pa.array(arrival))


def _split(waiting: list[pa.Table], time: str, until: float) -> tuple[pa.Table, list[pa.Table]]:
    rows = pa.concat_tables(waiting)
    early = pc.less(rows[time], until)
    late = rows.filter(pc.invert(early))
    return rows.filter(early), [late] if late.num_rows else []


def _sorted(table: Table, rows: pa.Table) -> Iterator[pa.Table]:
    order = [table.time, *table.ties, _ARRIVAL]
    rows = _without_repeats(table, rows)
    ranks = pc.sort_indices(rows, [(column, "ascending") for column in order])
    rows = rows.drop_columns(_ARRIVAL)
    for start in range(0, len(ranks), _ROWS_PER_OUTPUT):
        yield rows.take(ranks.slice(start, _ROWS_PER_OUTPUT))


def _without_repeats(table: Table, rows: pa.Table) -> pa.Table:
    columns = list(dict.fromkeys([*table.key, table.time]))
    firsts = rows.select([*columns, _ARRIVAL]).group_by(columns).aggregate([(_ARRIVAL, "min")])
    if firsts.num_rows == rows.num_rows:
        return rows
    return rows.filter(pc.is_in(rows[_ARRIVAL], firsts[f"{_ARRIVAL}_min"]))
