"""When interventions happen: at a set time, or when a measure of the world crosses a level."""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from inspect import iscoroutinefunction, signature
from math import inf, isfinite
from numbers import Real
from typing import TypeAlias

from simnet.clock import HOUR, Seconds, format_time
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.foundation.code_names import describe
from simnet.foundation.user_code import mark_boundary, name_of, raised_by, shown, wrong_result
from simnet.scenario.interventions.intervention import Intervention
from simnet.world.state.world_state import WorldState

Measure: TypeAlias = Callable[[WorldState], float]
"""Measures something of a world, which it does not change; the same number for equal worlds."""


@checked
@dataclass(frozen=True)
class At:
    """Interventions at a set time, after cues of that time and before anybody who wakes then."""

    at: Seconds
    """Simulated time."""
    do: Intervention | Sequence[Intervention]
    """What happens; several in their order."""

    @property
    def interventions(self) -> tuple[Intervention, ...]:
        """What happens, in order."""
        return (self.do,) if isinstance(self.do, Intervention) else tuple(self.do)

    def __str__(self) -> str:
        acts = ", ".join(map(describe, self.interventions))
        return f"at {format_time(self.at)}: {acts}"


@checked
@dataclass(frozen=True)
class When:
    """Interventions once a measure crosses a level; see `Measure`.

    It is checked at `every`, twice that and so on, to the end or until it crossed. Each check is an
    event with the verb `check` and the value, so a replay does not call the function. Raises
    ScenarioError unless one of `above` and `below` is given, UserCodeError for a measure that is no
    function of a world.
    """

    measure: Measure
    """What is measured: a function of the world, or one that simnet has."""
    _: KW_ONLY
    above: float | None = None
    """Happen when it is greater than this."""
    below: float | None = None
    """Or when it is less than this; give one of the two."""
    every: Seconds = HOUR
    """Simulated seconds from one check to the next."""
    then: Intervention | Sequence[Intervention]
    """What happens; several in their order."""
    again: bool = False
    """Happen each time it is beyond the level and was not at the last check, not only once."""

    def __post_init__(self) -> None:
        given = [name for name in ("above", "below") if getattr(self, name) is not None]
        problem = f"it has {' and '.join(given) or 'no level'}; give one of above=... and below=..."
        self._check(len(given) == 1, problem)
        self._check(isfinite(self.level), "the level is no finite number")
        self._check(0 < self.every < inf, f"every={self.every}; give a positive time")
        if iscoroutinefunction(self.measure):
            problem = "is an `async def`; write `def NAME(world)`"
            raise wrong_result("measure", self.measure, problem)
        try:
            signature(self.measure).bind(None)
        except TypeError:
            problem = "does not take one argument; write `def NAME(world)`"
            raise wrong_result("measure", self.measure, problem) from None
        except ValueError:
            return  # it has no signature that Python can read

    def _check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise ScenarioError(f"When: {otherwise}")

    @property
    def level(self) -> float:
        """The level to be crossed."""
        level = self.below if self.above is None else self.above
        assert level is not None
        return float(level)

    @property
    def interventions(self) -> tuple[Intervention, ...]:
        """What happens, in order."""
        return (self.then,) if isinstance(self.then, Intervention) else tuple(self.then)

    @property
    def name(self) -> str:
        """The name of the measure."""
        return name_of(self.measure)

    def is_beyond(self, value: float) -> bool:
        """Whether a value is on the side of the level on which something happens."""
        return value > self.level if self.below is None else value < self.level

    @mark_boundary(lambda run: f"measure {run['self'].name}")
    def value(self, world: WorldState) -> float:
        """Measure a world. Raises UserCodeError unless that gives a finite number."""
        try:
            value = self.measure(world)
        except BaseException as error:  # it may raise SystemExit too
            raise raised_by("measure", self.measure, error) from error
        if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value):
            problem = f"returned {shown(value)}; return a number"
            raise wrong_result("measure", self.measure, problem)
        return float(value)

    def __str__(self) -> str:
        side = "above" if self.below is None else "below"
        acts = ", ".join(map(describe, self.interventions))
        often = "each time" if self.again else "when"
        return (
            f"{often} {describe(self.measure)} is {side} {self.level:g} "
            f"(every {format_time(self.every)}): {acts}"
        )


def occasions(entries: Sequence[At | When], lasts: Seconds) -> int:
    """Count how often something is due, each check included, if no level is crossed for good."""
    return sum(
        entry.at <= lasts if isinstance(entry, At) else int(lasts / entry.every)
        for entry in entries
    )
