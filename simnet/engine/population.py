"""Makes agents from a scenario, one by one as they are needed."""

from collections.abc import Callable, Sequence

from simnet.agents.agent import Agent
from simnet.personas.persona import Persona
from simnet.scenario.scenario import Scenario, handles_of


def agents_of(scenario: Scenario) -> Callable[[str], Agent]:
    """Give a function that makes the agent of a handle.

    Personas of a lazy population are made when their agent is, so a process holds only those
    that live in it.
    """
    minds = [cohort.mind(scenario.setting, scenario.feed) for cohort in scenario.cohorts]
    places = {
        handle: (number, position)
        for number, cohort in enumerate(scenario.cohorts)
        for position, handle in enumerate(handles_of(cohort.personas))
    }

    def make(handle: str) -> Agent:
        number, position = places[handle]
        return Agent(_persona(scenario.cohorts[number].personas, position), minds[number])

    return make


def _persona(personas: Sequence[Persona], position: int) -> Persona:
    return personas[position]
