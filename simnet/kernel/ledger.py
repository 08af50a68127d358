"""The ledger of a run: how many turns and cues were planned and how each ended."""

from collections import Counter
from typing import NamedTuple

from simnet.agents.reply_flags import CODE_ERROR, EMPTY, GARBLED
from simnet.world.events import DONE, REFUSED, Event


class Ledger(NamedTuple):
    """What was planned and what became of it: planned = done + refused + failed + open."""

    planned: int
    """Turns begun and cues due."""
    done: int
    refused: Counter[str]
    """Turns whose first action the world did not allow, by verb."""
    failed: Counter[str]
    """Turns without a usable reply, or whose code failed, by mark."""
    marks: Counter[str]
    """Turns whose reply is remarkable, by mark."""
    events: int
    """Rows; a turn that did several things has several."""
    open: int
    """Turns under way when the run stopped."""


class Tally:
    """Counts while a run goes on."""

    def __init__(self) -> None:
        self.planned = 0
        self._events = 0
        self._done = 0
        self._refused: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._marks: Counter[str] = Counter()

    def count(self, event: Event) -> None:
        """Count an event; that of part 0 is the outcome of its turn or cue."""
        self._events += 1
        if event.part:
            return
        if event.outcome == DONE:
            self._done += 1
        elif event.outcome == REFUSED:
            self._refused[event.verb] += 1
        else:
            causes = (mark for mark in event.marks if mark in {EMPTY, GARBLED, CODE_ERROR})
            self._failed[next(causes, "error")] += 1
        for mark in event.marks:
            self._marks[mark] += 1

    def ledger(self, still_open: int) -> Ledger:
        """Return the counts so far; `still_open` turns are under way."""
        return Ledger(
            planned=self.planned,
            done=self._done,
            refused=self._refused.copy(),
            failed=self._failed.copy(),
            marks=self._marks.copy(),
            events=self._events,
            open=still_open,
        )
