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
TOO_MUCH = 0.33
"""Share of wasted calls beyond which the horizon is shortened."""
VAIN_PER_HIT, IN_VAIN = 2.0, 0.05
"""Early calls gain too little if more than so many are in vain for each that is used. Then they
may be no more than this share of all calls, to find out whether that goes on."""
LITTLE = 0.85
"""The horizon grows where calls in vain are less than this part of what they may be."""
CALLS = 30
"""Calls, early or not, after which the share is looked at; what lies further back counts half."""
SHORTER, LONGER = 0.7, 1.2


class Depth:
    """A horizon that adapts to the share of calls that served no turn."""

    def __init__(self) -> None:
        self.unknown = FIRST
        """The horizon: how many unknown decisions a look passes."""
        self._calls = self._vain = self._hits = 0.0
        self._waiting = self._since = 0

    def note(self, calls: int, early: int, hits: int, waiting: int) -> None:
        """Note calls of turns, calls that were made early, and how many of these served a turn.

        `waiting` is how many calls there are now of turns to come, which they may serve.
        """
        self._calls += calls
        self._hits += hits
        self._vain += early - hits - (waiting - self._waiting)
        self._waiting = waiting
        self._since += max(calls, early)
        if self._since < CALLS:
            return
        self._since = 0
        share, most = self.wasted_share, TOO_MUCH
        if self._vain > VAIN_PER_HIT * self._hits:
            most = IN_VAIN
        if share > most:
            self.unknown = max(LEAST, self.unknown * SHORTER)
        elif share < LITTLE * most:
            self.unknown = min(MOST, self.unknown * LONGER)
        self._calls, self._vain, self._hits = self._calls / 2, self._vain / 2, self._hits / 2

    @property
    def wasted_share(self) -> float:
        """Share of the calls of late that served no turn."""
        wasted = max(0.0, self._vain)
        return wasted / max(1.0, self._calls + wasted)
