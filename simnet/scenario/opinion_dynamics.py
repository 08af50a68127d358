"""Scenarios in which nothing happens but that opinions change by a rule."""

from collections.abc import Sequence

from simnet.agents.behaviours.opinion_rules import Deffuant, FriedkinJohnsen
from simnet.clock import MINUTE
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.personas.persona import Persona
from simnet.personas.population import sample
from simnet.scenario.cohort import Cohort
from simnet.scenario.networks.arrays import TieBuilder, Ties
from simnet.scenario.scenario import Scenario
from simnet.scenario.timing.rhythms import Never, Steps
from simnet.world.feeds.feed import Feed
from simnet.world.feeds.sources import everything

RULER = "ruler"
"""The handle of the persona in whose turns the opinions of all change."""


@checked
def opinion_dynamics(
    rule: Deffuant | FriedkinJohnsen,
    people: int | Sequence[Persona] = 1000,
    *,
    steps: int = 100,
    ties: Ties | TieBuilder = (),
    seed: int = 0,
    name: str = "opinion dynamics",
) -> Scenario:
    """Make a scenario of `steps` steps of a rule, one a simulated minute.

    A step is one turn of a persona outside the public, so the rule needs `meetings` or
    `everyone`. Ties go from who is influenced to whom; Deffuant's rule without ties lets any two
    members meet. The opinions at the start are the personas' attribute `opinion` or uniform
    draws. Read the table `state` for the opinions after each step. Raises ScenarioError for a
    rule of single members, fewer than two people or no steps.
    """
    whole = rule.meetings if isinstance(rule, Deffuant) else rule.everyone
    if not whole:
        missing = "meetings=1000" if isinstance(rule, Deffuant) else "everyone=True"
        raise ScenarioError(
            f"opinion_dynamics({rule!r}): a step changes the opinions of all; pass {missing}"
        )
    personas = sample(people, seed) if isinstance(people, int) else people
    if len(personas) < 2:
        raise ScenarioError(f"opinion_dynamics(people={people!r}): give two people or more")
    if steps < 1:
        raise ScenarioError(f"opinion_dynamics(steps={steps}): give one step or more")
    return Scenario(
        name,
        [
            Cohort("public", personas, rhythm=Never()),
            Cohort(
                RULER,
                [Persona(id=RULER)],
                behaviour=rule,
                verbs=rule.verbs,
                rhythm=Steps(MINUTE),
                reacts_in=MINUTE / 2,
                feed=Feed(reads=everything),
            ),
        ],
        ties=ties,
        lasts=(steps - 0.5) * MINUTE,
        seed=seed,
    )
