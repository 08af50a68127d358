"""Switches from one scenario to another at a simulated time, as in a fork."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from simnet.clock import Seconds, format_time
from simnet.errors import ScenarioError
from simnet.personas.population import Population
from simnet.scenario.cohort import handles_of
from simnet.scenario.scenario import Scenario


@dataclass(frozen=True)
class ScenarioSwitch:
    """From `at` on, `scenario` takes over.

    Everyone keeps who they are, what they remember and whom they follow. What may differ is
    all that decides about turns that begin at `at` or later: behaviours, manners, verbs,
    rhythms, feeds, adapters, the setting, the seed, the end, and the cues from then on.
    """

    at: Seconds
    """Simulated time."""
    scenario: Scenario
    """The scenario from then on."""


def check_switches(start: Scenario, switches: Sequence[ScenarioSwitch]) -> None:
    """Raise ScenarioError, saying what differs, unless each scenario can follow the last one."""
    scenario = start
    for switch in switches:
        for problem in _problems(scenario, switch.scenario):
            raise ScenarioError(
                f"{scenario.name} cannot become {switch.scenario.name} at "
                f"{format_time(switch.at)}: {problem}; a fork keeps the people and their network"
            )
        if not 0 <= switch.at <= scenario.lasts:
            raise ScenarioError(
                f"{scenario.name} lasts {format_time(scenario.lasts)}; it cannot be forked at "
                f"{format_time(switch.at)}"
            )
        scenario = switch.scenario


def _problems(before: Scenario, after: Scenario) -> Iterator[str]:
    for old, new in zip_longest(before.cohorts, after.cohorts):
        if old is None or new is None:
            names = [cohort.name for cohort in before.cohorts]
            yield f"the cohorts were {', '.join(names)}, and their number is another"
            return
        if old.name != new.name:
            yield f"the cohort {old.name!r} became {new.name!r}"
        elif handles_of(old.personas) != handles_of(new.personas):
            yield f"the cohort {old.name!r} has other members"
        elif not _same_people(old.personas, new.personas):
            yield f"someone in the cohort {old.name!r} is described in another way"
        elif dict(old.follows) != dict(new.follows):
            yield f"the cohort {old.name!r} follows others"
    if not (callable(before.ties) or callable(after.ties)) and before.ties != after.ties:
        yield "the ties are others"


def _same_people(before: Sequence[object], after: Sequence[object]) -> bool:
    """Compare personas; of lazy populations, which have equal handles here, the ends."""
    if isinstance(before, Population) and isinstance(after, Population):
        return all(before[place] == after[place] for place in ((0, -1) if len(before) else ()))
    return all(old == new for old, new in zip(before, after, strict=True))
