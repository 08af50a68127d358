"""In which recorded turns a person was asked, and which turns were decided without one."""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Self

import pyarrow as pa
import pyarrow.compute as pc

from simnet.inference.model import HUMAN
from simnet.recording.reading.run import Run


class RecordedPeople(NamedTuple):
    """The recorded turns of people."""

    asked: frozenset[tuple[str, int]] = frozenset()
    """(handle, number of the turn) of the turns in which a person was asked."""
    last: Mapping[str, int] = {}
    """The last recorded turn of each handle that people may take now; -1 if there is none."""

    @classmethod
    def load(cls, run: Run, seats: Collection[str] = ()) -> Self:
        """Read them from the calls of a run, and from the events of the handles in `seats`."""
        asked: set[tuple[str, int]] = set()
        for table_slice in run.slices("calls", ["who", "turn", "model"]):
            rows = table_slice.load()
            rows = rows.filter(pc.equal(rows["model"].cast(pa.string()), HUMAN))
            asked.update(_turns(rows))
        last = dict.fromkeys(seats, -1)
        for table_slice in run.slices("events", ["who", "turn"]) if seats else ():
            rows = table_slice.load()
            theirs = pc.is_in(rows["who"].cast(pa.string()), pa.array(sorted(seats), pa.string()))
            rows = rows.filter(pc.and_(theirs, pc.is_valid(rows["turn"])))
            for who, turn in _turns(rows):
                last[who] = max(turn, last[who])
        return cls(frozenset(asked), last)

    def of(self, handles: Collection[str]) -> "RecordedPeople":
        """Select the turns of some handles."""
        asked = frozenset(turn for turn in self.asked if turn[0] in handles)
        return RecordedPeople(asked, {who: self.last[who] for who in self.last if who in handles})


def _turns(rows: pa.Table) -> list[tuple[str, int]]:
    return list(zip(rows["who"].to_pylist(), rows["turn"].to_pylist(), strict=True))
