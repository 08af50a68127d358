"""The record of a run that goes on: rows that were recorded before are compared, not only repeated.

A resumed run makes its recorded rows again, because it is played from the start. If one differs,
the scenario, its data or a library is not what it was, and whatever would follow belongs to
another run. Each write is compared before any of it is recorded, and a model is not asked about a
moment before the rows of that moment are made; so nothing of the other run is recorded.
"""

from collections.abc import Sequence
from typing import NoReturn

from simnet.clock import Seconds
from simnet.errors import DivergenceError
from simnet.recording.reading.recorded_replies import ADVICE
from simnet.recording.reading.row_comparison import (
    RowComparison,
    decoded,
    rows_before,
    without_first,
)
from simnet.recording.reading.run import Run
from simnet.recording.schema import TABLES
from simnet.scheduler.partners import Record

COMPARED = ("personas", "network", "events", "exposures", "state")
INHERITED = ("events", "exposures", "state")
"""Tables of which a fork does not repeat the rows that its ancestors have."""


class ContinuedRecord:
    """A record that compares the rows it is given with those of a run."""

    def __init__(self, record: Record, run: Run, since: Seconds) -> None:
        """Take the record to write to, and the run as it is recorded now.

        Rows from before `since` are not recorded again: an ancestor of the run has them.
        """
        self._record = record
        self._run = run
        self._since = since
        self._comparisons = {name: RowComparison(run, name) for name in COMPARED}
        keys = run.batches("calls", TABLES["calls"].key)
        self._calls = sum(rows.num_rows for rows in keys)
        """How many replies were recorded before."""
        self._difference: str | None = None

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Compare batches and record them. Raises DivergenceError for the first difference."""
        left = [(name, self._compared(name, batch)) for name, batch in batches]
        await self._record.write([(name, batch) for name, batch in left if batch is not None])

    def check_complete(self, recalled: int) -> None:
        """Raise DivergenceError if a recorded row was not made again.

        `recalled` is how many recorded replies were used.
        """
        for comparison in self._comparisons.values():
            if (difference := comparison.end()) is not None:
                self._diverge(difference)
        if recalled < self._calls:  # it is greater if an answer of a host arrived twice
            self._diverge(
                f"calls: {self._calls:,} were recorded, and {recalled:,} of these were made again"
            )

    def _compared(self, name: str, batch: bytes) -> bytes | None:
        """Compare a batch and return what is to be recorded of it."""
        if self._difference is not None:
            self._diverge(self._difference)
        if name not in self._comparisons:
            return batch
        rows = decoded(batch)
        recorded, difference = self._comparisons[name].add(rows)
        if difference is not None:
            self._diverge(difference)
        if name not in INHERITED:
            return batch
        inherited = rows_before(rows, recorded, self._since)
        return without_first(rows, inherited) if inherited else batch

    def _diverge(self, difference: str) -> NoReturn:
        self._difference = difference
        raise DivergenceError(
            f"{self._run.id}: the run is not the one that was recorded\n{difference}\n{ADVICE}"
        )
