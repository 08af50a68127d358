"""Makes agents from a scenario, one by one as they are needed."""

from bisect import bisect_right
from collections.abc import Callable, Sequence

from simnet.agents.hosted_agent import HostedAgent
from simnet.agents.profile import AgentProfile
from simnet.clock import Seconds
from simnet.personas.persona import Persona
from simnet.scenario.cohort import handles_of
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch


def agents_of(scenario: Scenario) -> Callable[[str], HostedAgent]:
    """Give a function that makes the agent of a handle.

    Personas of a lazy population are made when their agent is, so a process holds only those
    that live in it.
    """
    minds = _minds(scenario)
    places = {
        handle: (number, position)
        for number, cohort in enumerate(scenario.cohorts)
        for position, handle in enumerate(handles_of(cohort.personas))
    }

    def make(handle: str) -> HostedAgent:
        number, position = places[handle]
        return HostedAgent(_persona(scenario.cohorts[number].personas, position), minds[number])

    return make


def profile_lookup(
    scenario: Scenario, changes: Sequence[ScenarioSwitch]
) -> Callable[[str, Seconds], AgentProfile]:
    """Give a function that tells the mind of a handle at a time, as the scenario changes."""
    starts = [change.at for change in changes]
    minds = [_minds(one) for one in (scenario, *(change.scenario for change in changes))]
    numbers = {
        handle: number
        for number, cohort in enumerate(scenario.cohorts)
        for handle in handles_of(cohort.personas)
    }

    def profile(handle: str, now: Seconds) -> AgentProfile:
        return minds[bisect_right(starts, now)][numbers[handle]]

    return profile


def _minds(scenario: Scenario) -> list[AgentProfile]:
    return [
        cohort.profile(scenario.setting, scenario.feed, scenario.seed, scenario.spotlighting)
        for cohort in scenario.cohorts
    ]


def _persona(personas: Sequence[Persona], position: int) -> Persona:
    return personas[position]
