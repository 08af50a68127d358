"""What about a scenario can be run and is probably not meant; `validate` and `run` warn of it."""

from itertools import chain

from simnet.personas.names import lookalikes
from simnet.scenario.cohort import handles_of
from simnet.scenario.cue_checks import late_cues
from simnet.scenario.forecast.nothing_happens import idle_cohorts
from simnet.scenario.forecast.unheard import unheard_interventions
from simnet.scenario.interventions.intervention_checks import late_interventions
from simnet.scenario.scenario import Scenario

MOST_COMPARED = 200_000
"""Handles of more people are not compared with each other: it would take seconds."""


def doubts(scenario: Scenario) -> list[str]:
    """List warnings, a sentence each."""
    late = late_cues(scenario.cues, scenario.lasts)
    late += late_interventions(scenario.interventions, scenario.lasts)
    idle = [*idle_cohorts(scenario), *unheard_interventions(scenario)]
    return [*late, *idle, *_alike(scenario)]


def _alike(scenario: Scenario) -> list[str]:
    """Warn of handles in one population that a reader, or a model, takes for each other."""
    if sum(len(cohort.personas) for cohort in scenario.cohorts) > MOST_COMPARED:
        return []
    handles = chain.from_iterable(handles_of(cohort.personas) for cohort in scenario.cohorts)
    return [
        f"{', '.join(f'@{handle}' for handle in group)} look alike; rename all but one"
        for group in lookalikes(handles)
    ]
