"""Rows of a run that wait to be sent to the record."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from simnet.kernel.rows import Rows
from simnet.recording.row_types import Edge, StateRow
from simnet.recording.schema import encode
from simnet.recording.writing.column_encoding import encode_exposures
from simnet.world.events import Event, ExposureBatch

MOST_WITHHELD = 100_000
"""Most events that are withheld, since they are kept in memory."""


@dataclass
class _Pending:
    """Rows by table."""

    calls: list[bytes] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    exposures: list[ExposureBatch] = field(default_factory=list)
    ties: list[Edge] = field(default_factory=list)
    state: list[StateRow] = field(default_factory=list)

    def batches(self) -> Iterator[tuple[str, bytes]]:
        """Encode the rows."""
        for calls in self.calls:
            yield "calls", calls
        if self.exposures:
            yield "exposures", encode_exposures(self.exposures)
        if self.events:
            yield "events", encode("events", self.events)
        if self.ties:
            yield "network", encode("network", self.ties)
        if self.state:
            yield "state", encode("state", self.state)


class RowBuffer:
    """Collects rows in their order. Rows that come after `withhold` wait until `release`.

    What is recorded is then the beginning of the run up to that point, as after a crash, so a
    resume asks again for all that is missing.
    """

    def __init__(self) -> None:
        self._ready = _Pending()
        self._withheld: _Pending | None = None

    def add_calls(self, calls: bytes) -> None:
        """Add encoded rows of `calls`."""
        (self._withheld or self._ready).calls.append(calls)

    def add(self, rows: Rows) -> None:
        """Add what a kernel did."""
        end = self._withheld or self._ready
        end.events += rows.events
        end.exposures += rows.exposure_batches
        end.ties += rows.ties
        end.state += rows.state
        if self._withheld is not None and len(end.events) > MOST_WITHHELD:
            self.release()

    @property
    def events(self) -> int:
        """The number of events that can be taken."""
        return len(self._ready.events)

    def __bool__(self) -> bool:
        return bool(self._ready.calls or self._ready.events)

    @property
    def withholds(self) -> bool:
        """Whether rows that come now are withheld."""
        return self._withheld is not None

    def withhold(self) -> None:
        """Withhold the rows that come from now on, unless that is done already."""
        if self._withheld is None:
            self._withheld = _Pending()

    def release(self) -> None:
        """Let withheld rows be taken."""
        if (held := self._withheld) is not None:
            self._ready.calls += held.calls
            self._ready.events += held.events
            self._ready.exposures += held.exposures
            self._ready.ties += held.ties
            self._ready.state += held.state
            self._withheld = None

    def discard(self) -> None:
        """Forget withheld rows."""
        self._withheld = None

    def take(self) -> list[tuple[str, bytes]]:
        """Return (table, encoded rows) of what may be recorded, calls before what needs them."""
        ready, self._ready = self._ready, _Pending()
        return list(ready.batches())
