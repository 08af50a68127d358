"""Compares a recorded run with what its replies lead to when it is done again."""

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from simnet.engine.rebuild import Rebuild
from simnet.engine.revive import Course, course_of
from simnet.recording.bulk import encode_showings
from simnet.recording.manifest import State
from simnet.recording.merge import Piece, merge
from simnet.recording.replies import Recorded
from simnet.recording.run_directory import Run
from simnet.recording.schema import TABLES, encode
from simnet.recording.segment import bounds

_ROWS = 4096
_TABLES = ("events", "exposures")


class Replayed(NamedTuple):
    """How a run came out when it was done again."""

    run: str
    calls: int
    """Recorded replies there were."""
    events: int
    exposures: int
    """Rows that came out."""
    complete: bool
    """Whether the record reached to the end of the scenario."""
    state_hash: str
    differences: tuple[str, ...]
    """The first difference of each table, and of the state; none if all is equal."""


def replay(run: Run, course: Course | None = None) -> Replayed:
    """Do a run again from its recorded replies, without a model, and compare all that comes out.

    Of a run that was not completed the rows that are there have to be the first ones. `course`
    is for a run that was started from Python. Raises DivergenceError when a prompt is not the
    recorded one.
    """
    replies = Recorded.load(run)
    rebuild = Rebuild(course or course_of(run), replies)
    tables = _tables(rebuild)
    completed = run.manifest.state is State.COMPLETED
    found = [
        difference
        for name in _TABLES
        if (difference := _difference(name, run.read(name), tables[name], whole=completed))
    ]
    digest, known = rebuild.digest, run.manifest.state_hash
    if completed and not rebuild.complete:
        found.append("a call that a turn needs is not in the record")
    elif completed and known is not None and known != digest:
        found.append(f"the world's last state: recorded {known}, now {digest}")
    return Replayed(
        run=run.id,
        calls=len(replies),
        events=tables["events"].num_rows,
        exposures=tables["exposures"].num_rows,
        complete=rebuild.complete,
        state_hash=digest,
        differences=tuple(found),
    )


def _tables(rebuild: Rebuild) -> dict[str, pa.Table]:
    batches: dict[str, list[bytes]] = {"events": [], "exposures": []}
    for events, showings in rebuild:
        if events:
            batches["events"].append(encode("events", events))
        if showings:
            batches["exposures"].append(encode_showings(showings))
    return {name: _joined(name, encoded) for name, encoded in batches.items()}


def _joined(name: str, batches: list[bytes]) -> pa.Table:
    table = TABLES[name]
    empty = pa.ipc.open_stream(encode(name, [])).read_all()
    pieces = [_piece(name, pa.ipc.open_stream(batch).read_all()) for batch in batches]
    return pa.concat_tables([empty, *merge(table, [one for one in pieces if one.rows])])


def _piece(name: str, rows: pa.Table) -> Piece:
    if not rows.num_rows:
        return Piece(0.0, 0.0, 0, lambda: rows)
    low, high = bounds(rows, TABLES[name].time)
    return Piece(low, high, rows.num_rows, lambda: rows)


def _difference(name: str, recorded: pa.Table, again: pa.Table, *, whole: bool) -> str | None:
    if not whole:  # of the last moment that is there, part may be missing
        last = pc.max(recorded["at"]).as_py()
        recorded = recorded.filter(pc.less(recorded["at"], last)) if last is not None else recorded
        again = again.slice(0, recorded.num_rows)
    if recorded.equals(again):
        return None
    for row, (was, now) in enumerate(_pairs(recorded, again)):
        if was != now:
            return f"{name}: row {row}: {_told(was, now)}"
    return f"{name}: recorded {recorded.num_rows:,} rows, now {again.num_rows:,}"


def _pairs(one: pa.Table, other: pa.Table) -> Iterator[tuple[dict[str, object], ...]]:
    for start in range(0, min(one.num_rows, other.num_rows), _ROWS):
        slices = (table.slice(start, _ROWS) for table in (one, other))
        yield from zip(*(part.to_pylist() for part in slices), strict=False)


def _told(was: dict[str, object], now: dict[str, object]) -> str:
    fields = [name for name in was if was[name] != now[name]]
    where = f"@{was['who']} at {was['at']:g} s"
    return f"{where}: " + "; ".join(f"{f} was {was[f]!r}, is {now[f]!r}" for f in fields)
