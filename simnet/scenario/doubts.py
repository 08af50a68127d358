"""What about a scenario can be run and is probably not meant; `validate` and `run` warn of it."""

from simnet.scenario.cue_checks import late_cues
from simnet.scenario.nothing_happens import idle_cohorts
from simnet.scenario.scenario import Scenario


def doubts(scenario: Scenario) -> list[str]:
    """List warnings, a sentence each. Raises UserCodeError if code that is asked for one fails."""
    return [*late_cues(scenario.cues, scenario.lasts), *idle_cohorts(scenario)]
