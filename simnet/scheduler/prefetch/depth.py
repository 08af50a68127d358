"""How far to look ahead: as far as few enough early calls are thrown away.

A view is as likely to come as few decisions are unknown that come before it. So the horizon is a
number of unknown decisions, and not a time: where replies come early, the look goes further.
"""

FIRST, LEAST, MOST = 64.0, 0.25, 4096.0
"""Unknown decisions that a look passes at the start, and the bounds of that number. Below 1 there
is nothing to see, so a run whose looks are in vain makes a few now and then. The first is above
`glance.FOLLOWED`, so that small societies, where most follow each other, have early calls
at once."""
LOOKAHEADS = 16
"""A look goes at most so many times `reacts_in` ahead."""
TOO_MUCH, LITTLE = 0.33, 0.28
"""Shares of wasted calls beyond which the horizon is shortened, and below which it grows."""
CALLS = 30
"""Calls, early or not, after which the share is looked at; what lies further back counts half."""
SHORTER, LONGER = 0.7, 1.2


class Depth:
    """A horizon that adapts to the share of calls that served no turn."""

    def __init__(self) -> None:
        self.unknown = FIRST
        """The horizon: how many unknown decisions a look passes."""
        self._calls = self._vain = 0.0
        self._waiting = self._since = 0

    def note(self, calls: int, early: int, hits: int, waiting: int) -> None:
        """Note calls of turns, calls that were made early, and how many of these served a turn.

        `waiting` is how many early turns wait for their real ones now: their calls may still serve.
        """
        self._calls += calls
        self._vain += early - hits - (waiting - self._waiting)
        self._waiting = waiting
        self._since += max(calls, early)
        if self._since < CALLS:
            return
        self._since = 0
        share = self.wasted_share
        if share > TOO_MUCH:
            self.unknown = max(LEAST, self.unknown * SHORTER)
        elif share < LITTLE:
            self.unknown = min(MOST, self.unknown * LONGER)
        self._calls, self._vain = self._calls / 2, self._vain / 2

    @property
    def wasted_share(self) -> float:
        """Share of the calls of late that served no turn."""
        wasted = max(0.0, self._vain)
        return wasted / max(1.0, self._calls + wasted)
