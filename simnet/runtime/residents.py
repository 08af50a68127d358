"""What one process of agents needs of a scenario: what all have in common, and its own people.

A population of 100,000 explicit personas is large, and every actor of agents hosts few of them.
So the scenario that actors get has no personas, ties, cues and interventions, which only the
scheduler needs.
"""

import copy
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from simnet.personas.persona import Persona
from simnet.personas.population import Population
from simnet.scenario.cohort import Cohort, handles_of
from simnet.scenario.scenario import Scenario
from simnet.scenario.timing.rhythms import Never

T = TypeVar("T")


class Place(NamedTuple):
    """Where a persona is in a scenario."""

    cohort: int
    position: int


class Residents(NamedTuple):
    """The people of one actor."""

    places: dict[str, Place]
    """By handle."""
    personas: dict[Place, Persona]
    """Those that are not of a lazy population, which makes its own."""


def places_of(scenario: Scenario) -> dict[str, Place]:
    """Return the places of all people of a scenario by their handles."""
    return {
        handle: Place(number, position)
        for number, cohort in enumerate(scenario.cohorts)
        for position, handle in enumerate(handles_of(cohort.personas))
    }


class Directory:
    """Finds the places of all people of a scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._cohorts = scenario.cohorts
        self._places = places_of(scenario)

    def residents(self, handles: Iterable[str]) -> Residents:
        """Gather what the actor of some people needs of them."""
        places = {handle: self._places[handle] for handle in handles}
        personas = {
            place: self._cohorts[place.cohort].personas[place.position]
            for place in places.values()
            if not is_lazy(self._cohorts[place.cohort])
        }
        return Residents(places, personas)


def is_lazy(cohort: Cohort) -> bool:
    """Tell whether a cohort's personas are made on access, so that they take no room."""
    return isinstance(cohort.personas, Population)


def common_part(scenario: Scenario, personas: Sequence[Sequence[Persona]]) -> Scenario:
    """Return a scenario for processes of agents, with other sequences of personas.

    It is for thinking only: who follows whom and what happens when is left out.
    """
    cohorts = [
        _changed(cohort, personas=people, rhythm=Never(), follows={})
        for cohort, people in zip(scenario.cohorts, personas, strict=True)
    ]
    return _changed(scenario, cohorts=cohorts, ties=(), cues=(), interventions=())


def _changed(value: T, **fields: object) -> T:
    """Copy a value with other fields, unchecked: all checks were made with the whole."""
    changed = copy.copy(value)
    for name, content in fields.items():
        object.__setattr__(changed, name, content)
    return changed
