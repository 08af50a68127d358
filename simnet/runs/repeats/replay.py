"""Replays a run from its recorded replies and compares the rows with the recorded ones."""

from typing import NamedTuple

import pyarrow as pa

from simnet.kernel.rows import Rows
from simnet.recording.files.manifest import State
from simnet.recording.reading.recorded_replies import Recorded
from simnet.recording.reading.row_comparison import RowComparison, decoded
from simnet.recording.reading.run import Run
from simnet.recording.schema import encode
from simnet.recording.writing.column_encoding import encode_exposures
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replayer import Replayer

_TABLES = ("events", "exposures", "network", "state")


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
    replayer = Replayer(timeline, replies, run)
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
        error = replayer.error
        problem = str(error) if error else "a call that a turn needs is not in the record"
        differences.append(problem)
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
    if rows.state:
        tables["state"] = encode("state", rows.state)
    return {name: decoded(batch) for name, batch in tables.items()}


class _Comparison:
    """The first difference between a recorded table and that of a replay."""

    def __init__(self, run: Run, name: str, *, whole: bool) -> None:
        """Take the run; `whole` says that the replay must not make more rows than it has."""
        self._name = name
        self._rows = RowComparison(run, name, initial=False)
        self._whole = whole
        self.difference: str | None = None

    @property
    def rows(self) -> int:
        """Count the rows of the replay."""
        return self._rows.rows

    def add(self, replayed: pa.Table) -> None:
        """Compare the next rows of the replay."""
        recorded, difference = self._rows.add(replayed)
        if difference is None and self._whole and recorded < replayed.num_rows:
            known = self._rows.rows - replayed.num_rows + recorded
            difference = f"{self._name}: recorded {known:,} rows, now there are more"
        self.difference = self.difference or difference

    def end(self) -> None:
        """Compare the numbers of rows."""
        self.difference = self.difference or self._rows.end()
