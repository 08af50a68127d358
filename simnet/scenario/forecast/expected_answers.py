"""How many questions the surveys of a scenario put, counted before anything starts."""

from collections import Counter

from simnet.scenario.cohort import handles_of
from simnet.scenario.scenario import Scenario
from simnet.scenario.waves import asked_by


def expected_answers(scenario: Scenario) -> Counter[str]:
    """Count the questions that are put to each cohort, by its name.

    Each is a call of the model; one whose reply is no answer is a second one.
    """
    counts: Counter[str] = Counter()
    cohorts = (
        {
            handle: cohort.name
            for cohort in scenario.cohorts
            for handle in handles_of(cohort.personas)
        }
        if scenario.surveys
        else {}
    )
    for plan in scenario.surveys:
        each = len(plan.due(scenario.lasts)) * len(plan.survey.questions)
        for handle in asked_by(scenario, plan):
            counts[cohorts[handle]] += each
    return counts
