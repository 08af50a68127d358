"""The books of a run: what was planned and what became of it."""

from collections import Counter
from typing import NamedTuple

from simnet.agents.reply_flags import EMPTY, GARBLED
from simnet.world.events import DONE, REFUSED, Event


class Ledger(NamedTuple):
    """What was planned and what became of it: planned = done + refused + failed + open."""

    planned: int
    """Turns begun and cues due."""
    done: int
    refused: Counter[str]
    """Turns whose first action the world did not allow, by verb."""
    failed: Counter[str]
    """Turns without a usable reply, by mark."""
    marks: Counter[str]
    """Turns whose reply is remarkable, by mark."""
    events: int
    """Rows; a turn that did several things has several."""
    open: int
    """Turns still under way when the run was stopped."""


class Tally:
    """Counts while a run goes on."""

    def __init__(self) -> None:
        self.planned = 0
        self.events = 0
        self._done = 0
        self._refused: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._marks: Counter[str] = Counter()

    def count(self, outcome: Event) -> None:
        """Count the outcome of one turn or cue."""
        if outcome.outcome == DONE:
            self._done += 1
        elif outcome.outcome == REFUSED:
            self._refused[outcome.verb] += 1
        else:
            causes = (mark for mark in outcome.marks if mark in {EMPTY, GARBLED})
            self._failed[next(causes, "error")] += 1
        for mark in outcome.marks:
            self._marks[mark] += 1

    def ledger(self, still_open: int) -> Ledger:
        """Close the books; `still_open` turns are under way."""
        return Ledger(
            *(self.planned, self._done, self._refused.copy(), self._failed.copy()),
            *(self._marks.copy(), self.events, still_open),
        )
