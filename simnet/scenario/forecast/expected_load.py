"""How many model calls a scenario can have in flight at once, before anything starts.

The kernel waits at a Land, and every turn that woke within `reacts_in` before it is out. So the
turns that are under way at one moment of simulated time bound the calls in flight: their mean is
the turns of a cohort times its `reacts_in`, divided by the length of the run.
"""

from simnet.agents.profile import asks_a_model
from simnet.scenario.forecast.expected_turns import expected_of
from simnet.scenario.scenario import Scenario


def expected_in_flight(scenario: Scenario) -> float:
    """Estimate how many turns that ask a model are under way on average.

    Turns that events cause are not counted. With replies that take equally long, so many calls
    are in flight; where some take much longer, fewer, as the others wait for those.
    """
    if not scenario.lasts:
        return 0.0
    return sum(
        min(expected_of(scenario, one) * one.reacts_in / scenario.lasts, len(one.personas))
        for one in scenario.cohorts
        if asks_a_model(one.behaviour)
    )
