"""A rhythm for each persona of a cohort."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from simnet.clock import Seconds
from simnet.draws import Draw
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.scenario.timing.rhythms import Exponential, Rhythm, TakingTurns


@checked
@dataclass(frozen=True)
class ByPersona:
    """Wake each persona by a rhythm of their own.

    `rhythms` has them by handle, and `otherwise` is that of all others. Rhythms that events
    trigger are triggered by the same events; one that nothing triggers stays so.

    Raises ScenarioError for rhythms that are triggered by different events, and for TakingTurns,
    which is one order for a whole cohort.
    """

    rhythms: Mapping[str, Rhythm]
    otherwise: Rhythm = field(default_factory=Exponential)
    triggered_by: frozenset[str] = field(init=False, repr=False)
    """Events that wake those whose rhythm is triggered."""

    def __post_init__(self) -> None:
        every = [self.otherwise, *self.rhythms.values()]
        if any(isinstance(rhythm, TakingTurns) for rhythm in every):
            raise ScenarioError(
                "ByPersona(TakingTurns(...)): turns are one order for all of a cohort; give the "
                "cohort TakingTurns itself"
            )
        triggers = {frozenset(rhythm.triggered_by) for rhythm in every} - {frozenset()}
        if len(triggers) > 1:
            first, second = sorted(", ".join(sorted(one)) for one in triggers)[:2]
            raise ScenarioError(
                f"ByPersona: one rhythm is triggered by {first}, another by {second}; give all of "
                "them the same `triggered_by`, or put the people into two cohorts"
            )
        object.__setattr__(self, "triggered_by", next(iter(triggers), frozenset()))

    def of(self, who: str) -> Rhythm:
        """Return the rhythm of a persona, given their handle."""
        return self.rhythms.get(who, self.otherwise)

    def first(self, who: str, draw: Draw) -> Seconds | None:
        """Wake for the first time as the persona's own rhythm says."""
        return self.of(who).first(who, draw)

    def after(self, who: str, turn: int, now: Seconds, draw: Draw) -> Seconds | None:
        """Wake again as the persona's own rhythm says."""
        return self.of(who).after(who, turn, now, draw)

    def triggered(self, who: str, now: Seconds, draw: Draw) -> Seconds:
        """Wake as the persona's own rhythm says, if events trigger it."""
        rhythm = self.of(who)
        return rhythm.triggered(who, now, draw) if rhythm.triggered_by else inf
