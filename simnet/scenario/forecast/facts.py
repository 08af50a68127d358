"""What a world is told about its scenario."""

from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from itertools import accumulate

from simnet.scenario.interventions.presence import acts_of
from simnet.scenario.scenario import Scenario
from simnet.world.state.scenario_facts import ScenarioFacts
from simnet.world.world import World

_REMEMBERED = 65_536
"""Members whose attributes are found without a search; rules of rooms ask for them each turn."""


def inform(world: World, scenario: Scenario) -> None:
    """Tell a world the facts of its scenario, and which state of verbs is recorded."""
    world.facts = facts_of(scenario)
    verbs = [verb for cohort in scenario.cohorts for verb in cohort.verbs]
    verbs += [type(cue.does) for cue in (*scenario.cues, *acts_of(scenario.interventions))]
    world.record_state(name for verb in verbs for name in verb.records)


def facts_of(scenario: Scenario) -> ScenarioFacts:
    """Gather what feed sources and verbs may ask about the scenario."""
    ends = list(accumulate(len(cohort.personas) for cohort in scenario.cohorts))

    @lru_cache(maxsize=_REMEMBERED)
    def attributes(member: int) -> Mapping[str, object]:
        place = bisect_right(ends, member)
        personas = scenario.cohorts[place].personas
        return personas[member - ends[place] + len(personas)].attributes

    return ScenarioFacts(scenario.name, scenario.seed, scenario.lasts, attributes)
