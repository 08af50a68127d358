"""Which groups the figures of a measure have, as far as that is known before a run."""

from simnet.scenario.scenario import Scenario
from simnet.studies.measure import NO_GROUP, Groups


def only(*names: str) -> Groups:
    """Say that groups are these in every run."""
    return lambda _scenario: names


def cohorts(scenario: Scenario) -> list[str]:
    """Say that each cohort is a group."""
    return [cohort.name for cohort in scenario.cohorts]


def whole_and_cohorts(scenario: Scenario) -> list[str]:
    """Say that there are figures of the whole run and of each cohort."""
    return [NO_GROUP, *cohorts(scenario)]
