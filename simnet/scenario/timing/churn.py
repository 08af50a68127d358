"""Churn: personas that join the platform late, or leave it."""

from dataclasses import dataclass
from math import inf, isfinite

from simnet.clock import Seconds
from simnet.draws import Draw
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.scenario.timing.rhythms import Rhythm, TakingTurns


@checked
@dataclass(frozen=True)
class Between:
    """Wake by a rhythm from the moment one joins until one leaves.

    `joins` is that moment for all, or a rhythm whose first wake is that of each:
    `Exponential(2 * DAY)` lets newcomers arrive at random. `stays` is how long one stays from
    then on, given in the same way; None is to the end. Before and after, nothing wakes a
    persona but a cue. Their posts and ties stay, as those of accounts that fell silent do. Times
    are simulated seconds. Raises ScenarioError for TakingTurns and for times that are none.
    """

    rhythm: Rhythm
    """When they wake while they are there."""
    joins: Seconds | Rhythm = 0.0
    stays: Seconds | Rhythm | None = None

    def __post_init__(self) -> None:
        if isinstance(self.rhythm, TakingTurns):
            raise ScenarioError(
                "Between(TakingTurns(...)): who takes turns is in the order or not; leave them out"
            )
        if isinstance(self.joins, int | float) and not (self.joins >= 0 and isfinite(self.joins)):
            raise ScenarioError(f"Between(joins={self.joins}): give a time that is 0 or later")
        if isinstance(self.stays, int | float) and not self.stays > 0:
            raise ScenarioError(f"Between(stays={self.stays}): give a positive time, or None")

    @property
    def triggered_by(self) -> frozenset[str]:
        """What else wakes the persona, between joining and leaving."""
        return self.rhythm.triggered_by

    def first(self, who: str, draw: Draw) -> Seconds | None:
        """Wake for the first time after joining."""
        joined, left = self.span(who, draw)
        if joined == inf:
            return None
        wake = self.rhythm.after(who, -1, joined, draw) if joined else self.rhythm.first(who, draw)
        return _before(left, wake)

    def after(self, who: str, turn: int, now: Seconds, draw: Draw) -> Seconds | None:
        """Wake by the rhythm until one leaves."""
        return _before(self.span(who, draw)[1], self.rhythm.after(who, turn, now, draw))

    def triggered(self, who: str, now: Seconds, draw: Draw) -> Seconds:
        """Wake between joining and leaving."""
        joined, left = self.span(who, draw)
        if not joined <= now < left:
            return inf
        wake = self.rhythm.triggered(who, now, draw)
        return wake if wake < left else inf

    def span(self, who: str, draw: Draw) -> tuple[Seconds, Seconds]:
        """Return when a persona joins and when it leaves; the same in all of its turns."""
        joined = _time(self.joins, who, draw.lasting("joins"))
        return joined, joined + _time(self.stays, who, draw.lasting("stays"))


def _time(span: Seconds | Rhythm | None, who: str, draw: Draw) -> Seconds:
    if span is None:
        return inf
    if isinstance(span, int | float):
        return span
    first = span.first(who, draw)
    return inf if first is None else first


def _before(left: Seconds, wake: Seconds | None) -> Seconds | None:
    return None if wake is None or wake >= left else wake
