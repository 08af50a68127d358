"""Putting pieces of a table into order, without repeats and without holding all of it.

Rows reach the recorder almost in the order of simulated time, so each piece (a few
batches of a segment, a row group of a sealed part) spans a short stretch of it. The merge
takes the pieces by their first moment and hands out, sorted, whatever lies before the
first moment of the next piece. Memory holds only the pieces that overlap in time.

Repeats of a row lie at the same moment, because a run is a function of its scenario, its
seed and the replies. The first row to arrive is kept. Two rows with one key and different
moments would contradict each other; both are kept, for whoever verifies the run to find.

A table whose rows belong to no moment keeps the order of arrival, and memory holds its keys.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simnet.recording.schema import Table

_ARRIVAL = "__arrival"
_PIECE_BITS = 32
_SLICE = 128 << 10


class Piece(NamedTuple):
    """Rows that can be loaded together, with the bounds of the column that orders them."""

    low: float
    high: float
    rows: int
    load: Callable[[], pa.Table]


def merge(table: Table, pieces: Sequence[Piece]) -> Iterator[pa.Table]:
    """Yield the rows of all pieces in the table's order, each key once, in slices.

    Pieces are given in the order in which their rows arrived.
    """
    if table.time is None:
        yield from unseen(table, pieces, set())
        return
    arrivals = sorted(range(len(pieces)), key=lambda number: pieces[number].low)
    waiting: list[pa.Table] = []
    reached = 0.0
    for number in arrivals:
        piece = pieces[number]
        if waiting and reached < piece.low:
            ready, waiting = _split(waiting, table.time, piece.low)
            yield from _settled(table, ready)
        waiting.append(_stamped(piece.load(), number))
        reached = piece.low
    if waiting:
        yield from _settled(table, pa.concat_tables(waiting))


def unseen(table: Table, pieces: Sequence[Piece], seen: set[Hashable]) -> Iterator[pa.Table]:
    """Yield the rows, as they arrived, whose key is not in `seen` yet, and put it there."""
    for piece in pieces:
        rows = piece.load()
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
    """Cut a stream of tables anew, into tables of `rows` rows and a shorter last one."""
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


def _stamped(rows: pa.Table, number: int) -> pa.Table:
    arrival = (number << _PIECE_BITS) + np.arange(rows.num_rows, dtype=np.int64)
    return rows.append_column(_ARRIVAL, pa.array(arrival))


def _split(waiting: list[pa.Table], time: str, until: float) -> tuple[pa.Table, list[pa.Table]]:
    rows = pa.concat_tables(waiting)
    early = pc.less(rows[time], until)
    late = rows.filter(pc.invert(early))
    return rows.filter(early), [late] if late.num_rows else []


def _settled(table: Table, rows: pa.Table) -> Iterator[pa.Table]:
    order = [table.time, *table.ties, _ARRIVAL]
    rows = _without_repeats(table, rows)
    ranks = pc.sort_indices(rows, [(column, "ascending") for column in order])
    rows = rows.drop_columns(_ARRIVAL)
    for start in range(0, len(ranks), _SLICE):
        yield rows.take(ranks.slice(start, _SLICE))


def _without_repeats(table: Table, rows: pa.Table) -> pa.Table:
    told = list(dict.fromkeys([*table.key, table.time]))
    firsts = rows.select([*told, _ARRIVAL]).group_by(told).aggregate([(_ARRIVAL, "min")])
    if firsts.num_rows == rows.num_rows:
        return rows
    return rows.filter(pc.is_in(rows[_ARRIVAL], firsts[f"{_ARRIVAL}_min"]))
