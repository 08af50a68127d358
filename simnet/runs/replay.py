"""Replays a run from its recorded replies and compares the rows with the recorded ones."""

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from simnet.kernel.rows import Rows
from simnet.recording.files.manifest import State
from simnet.recording.reading.recorded_replies import Recorded
from simnet.recording.reading.run import Run
from simnet.recording.schema import TABLES, encode
from simnet.recording.writing.column_encoding import encode_exposures
from simnet.runs.reload_scenario import ScenarioTimeline
from simnet.runs.replayer import Replayer

_TABLES = ("events", "exposures", "network")


class Replayed(NamedTuple):
    """The result of a replay."""

    run: str
    calls: int
    """Number of recorded replies."""
    events: int
    exposures: int
    """Rows of the replay."""
    complete: bool
    """Whether the replay reached the end of the scenario."""
    state_hash: str
    differences: tuple[str, ...]
    """The first difference of each table, and of the state; empty if all are equal."""


def replay(run: Run, timeline: ScenarioTimeline) -> Replayed:
    """Replay a run from its recorded replies, without a model, and compare all rows.

    The rows of an incomplete run have to be the first rows of the replay. `timeline_of` makes the
    scenarios from the record. Memory holds the replies and a slice of each table.
    Raises DivergenceError if a prompt differs from the recorded one.
    """
    replies = Recorded.load(run)
    replayer = Replayer(timeline, replies)
    completed = run.manifest.state is State.COMPLETED
    comparisons = {name: _Comparison(run, name, whole=completed) for name in _TABLES}
    for rows in replayer:
        for name, table in _tables(rows).items():
            comparisons[name].add(table)
    for comparison in comparisons.values():
        comparison.end()
    differences = [one.difference for one in comparisons.values() if one.difference]
    digest, recorded = replayer.digest, run.manifest.state_hash
    if completed and not replayer.complete:
        differences.append("a call that a turn needs is not in the record")
    elif completed and recorded is not None and recorded != digest:
        differences.append(f"the world's last state: recorded {recorded}, now {digest}")
    return Replayed(
        run=run.id,
        calls=len(replies),
        events=comparisons["events"].rows,
        exposures=comparisons["exposures"].rows,
        complete=replayer.complete,
        state_hash=digest,
        differences=tuple(differences),
    )


def _tables(rows: Rows) -> dict[str, pa.Table]:
    tables = {}
    if rows.events:
        tables["events"] = encode("events", rows.events)
    if rows.exposure_batches:
        tables["exposures"] = encode_exposures(rows.exposure_batches)
    if rows.ties:
        tables["network"] = encode("network", rows.ties)
    return {name: pa.ipc.open_stream(batch).read_all() for name, batch in tables.items()}


class _Comparison:
    """Compares a recorded table with that of a replay, batch by batch."""

    def __init__(self, run: Run, name: str, *, whole: bool) -> None:
        self._name = name
        self._recorded = _recorded(run, name, whole=whole)
        self._left = pa.table({})
        """Recorded rows that were read and not yet compared."""
        self._whole = whole
        self._open: list[pa.Table] = []
        """Rows at the latest time so far: more may come, and rows of one time have to be sorted."""
        self._compared = 0
        self.rows = 0
        """Rows of the replay."""
        self.difference: str | None = None
        """The first one."""

    def add(self, replayed: pa.Table) -> None:
        """Compare the next rows of the replay, none of them earlier than those before."""
        self.rows += replayed.num_rows
        self._open.append(replayed)
        rows = pa.concat_tables(self._open)
        last = pc.equal(rows["time"], pc.max(rows["time"]))
        self._open = [rows.filter(last)]
        self._compare(self._sorted(rows.filter(pc.invert(last))))

    def end(self) -> None:
        """Compare the rows that are left."""
        if self._open:
            self._compare(self._sorted(pa.concat_tables(self._open)))
        more = self._left.num_rows + sum(rows.num_rows for rows in self._recorded)
        if more and self.difference is None:
            known = f"{self._compared + more:,}"
            self.difference = f"{self._name}: recorded {known} rows, now {self.rows:,}"

    def _sorted(self, rows: pa.Table) -> pa.Table:
        table = TABLES[self._name]
        if not table.ties:
            return rows
        order = [(column, "ascending") for column in ("time", *table.ties)]
        return rows.take(pc.sort_indices(rows, order))

    def _compare(self, replayed: pa.Table) -> None:
        if self.difference is not None or not replayed.num_rows:
            return
        while self._left.num_rows < replayed.num_rows:
            more = next(self._recorded, None)
            if more is None:
                break
            self._left = pa.concat_tables([self._left, more]) if self._left.num_rows else more
        count = min(self._left.num_rows, replayed.num_rows)
        was, now = self._left.slice(0, count), replayed.slice(0, count)
        if count and not was.equals(now):
            self.difference = f"{self._name}: row {self._first(was, now)}"
        elif replayed.num_rows > count and self._whole:
            known = f"{self._compared + count:,}"
            self.difference = f"{self._name}: recorded {known} rows, now there are more"
        self._left = self._left.slice(count)
        self._compared += count

    def _first(self, recorded: pa.Table, replayed: pa.Table) -> str:
        pairs = zip(recorded.to_pylist(), replayed.to_pylist(), strict=True)
        row, (was, now) = next((n, pair) for n, pair in enumerate(pairs) if pair[0] != pair[1])
        return f"{self._compared + row}: {_difference(was, now)}"


def _recorded(run: Run, name: str, *, whole: bool) -> Iterator[pa.Table]:
    """Yield the recorded rows of a table, without the initial ties.

    Of an incomplete run, rows at the latest recorded time are left out, because some may be
    missing; but not those of `network`, which are numbered.
    """
    if name == "network":
        for rows in run.batches(name):
            yield rows.filter(pc.field("change") != "initial")
        return
    if whole:
        yield from run.batches(name)
        return
    end = max((table_slice.high for table_slice in run.slices(name, ["time"])), default=0.0)
    for rows in run.batches(name):
        yield rows.filter(pc.less(rows["time"], end))


def _difference(was: dict[str, object], now: dict[str, object]) -> str:
    fields = [name for name in was if was[name] != now[name]]
    where = f"@{was.get('who') or was['follower']} at {was['time']:g} s"
    return f"{where}: " + "; ".join(f"{f} was {was[f]!r}, is {now[f]!r}" for f in fields)
