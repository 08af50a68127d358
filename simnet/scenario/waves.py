"""The waves of a run's surveys: which survey is put when, and to whom.

All waves of a run, across the scenarios that it switches to, are numbered in order of time. A
person's answers to wave `n` are one turn, whose number is `-1 - n`, so that turns are numbered as
without surveys.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import inf
from typing import NamedTuple

from simnet.clock import Seconds
from simnet.questions.survey_schedule import SurveySchedule
from simnet.scenario.cohort import handles_of
from simnet.scenario.respondent_choice import choose
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch


class Wave(NamedTuple):
    """One time at which a survey is put."""

    number: int
    at: Seconds
    plan: SurveySchedule
    scenario: Scenario
    """The one in force at that time."""

    @property
    def turn(self) -> int:
        """The number of the turn in which each person answers."""
        return -1 - self.number

    @property
    def seed(self) -> int:
        """The seed of the sample and of the replies."""
        return self.scenario.seed

    def handles(self) -> list[str]:
        """List who is asked, in the order of the scenario."""
        return asked_by(self.scenario, self.plan)


def waves_of(scenario: Scenario, switches: Sequence[ScenarioSwitch] = ()) -> list[Wave]:
    """List the waves of a run, in order of time; those of one moment as they are declared."""
    starts = [(-inf, scenario), *((switch.at, switch.scenario) for switch in switches)]
    found = [
        (at, plan, one)
        for (start, one), (end, _) in pairwise([*starts, (inf, scenario)])
        for at, plan in _due(one)
        if start <= at < end
    ]
    return [Wave(number, *wave) for number, wave in enumerate(found)]


def _due(scenario: Scenario) -> list[tuple[Seconds, SurveySchedule]]:
    due = [(at, plan) for plan in scenario.surveys for at in plan.due(scenario.lasts)]
    return sorted(due, key=lambda one: one[0])


def asked_by(scenario: Scenario, plan: SurveySchedule) -> list[str]:
    """List the handles of those whom a survey of a scenario is put to."""
    return choose(scenario.name, scenario.cohorts, plan.names, plan.sample, scenario.seed)


def asked_handles(scenario: Scenario) -> set[str]:
    """Return the handles of all whom a survey of a scenario is put to."""
    return {handle for plan in scenario.surveys for handle in asked_by(scenario, plan)}


def asked_cohorts(scenario: Scenario) -> frozenset[str]:
    """Name the cohorts of which anyone is asked by a survey of a scenario."""
    if not scenario.surveys:
        return frozenset()
    asked = asked_handles(scenario)
    return frozenset(
        cohort.name
        for cohort in scenario.cohorts
        if not asked.isdisjoint(handles_of(cohort.personas))
    )
