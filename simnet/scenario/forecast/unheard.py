"""Finds interventions that people would learn of at their next turn, and who have no turn."""

from collections.abc import Iterator

from simnet.scenario.cohort import Cohort, handles_of
from simnet.scenario.interventions.directory import directory_of
from simnet.scenario.interventions.on_people import (
    Forget,
    GiveNews,
    Remember,
    SetAdapter,
    SetFeed,
    SetManner,
    SetRanking,
)
from simnet.scenario.interventions.schedule import At
from simnet.scenario.scenario import Scenario
from simnet.scenario.timing.by_persona import ByPersona
from simnet.scenario.timing.rhythms import Never
from simnet.scenario.waves import asked_by

_AT_NEXT_TURN = (Forget, GiveNews, Remember, SetAdapter, SetFeed, SetManner, SetRanking)
"""Interventions that somebody learns of with their next turn, or with questions they are asked."""


def unheard_interventions(scenario: Scenario) -> list[str]:
    """Warn of interventions on people who never wake by themselves, a sentence each."""
    due = [
        (number, one)
        for number, entry in enumerate(scenario.interventions)
        if (entry.at if isinstance(entry, At) else entry.every) <= scenario.lasts
        for one in entry.interventions
        if isinstance(one, _AT_NEXT_TURN)
    ]
    if not due or not any(map(_may_never_wake, scenario.cohorts)):
        return []
    directory = directory_of(scenario.cohorts)
    asleep = {member for member, reached in enumerate(_reached(scenario)) if not reached}
    found = []
    for number, one in due:
        named = [(name, directory.members(name)) for name in one.names()]
        names = [name for name, members in named if members and asleep.issuperset(members)]
        if names:
            found.append(
                f"intervention {number} ({type(one).__name__}) does not reach {', '.join(names)}: "
                "they never wake (Never); name others, or give their cohort a rhythm"
            )
    return found


def _may_never_wake(cohort: Cohort) -> bool:
    rhythm = cohort.rhythm
    if isinstance(rhythm, ByPersona):
        return any(isinstance(one, Never) for one in (rhythm.otherwise, *rhythm.rhythms.values()))
    return isinstance(rhythm, Never)


def _reached(scenario: Scenario) -> Iterator[bool]:
    """Say of everybody whether they wake by their rhythm, or are asked by a survey."""
    asked = {handle for plan in scenario.surveys for handle in asked_by(scenario, plan)}
    for cohort in scenario.cohorts:
        rhythm = cohort.rhythm
        for handle in handles_of(cohort.personas):
            own = rhythm.of(handle) if isinstance(rhythm, ByPersona) else rhythm
            yield not isinstance(own, Never) or handle in asked
