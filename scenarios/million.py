"""A million people, most of whom only read; one piece of news, and who gets to see it.

Lurkers cost nothing until they look, and a look costs the same whatever the size of the town,
so the size of a population is a matter of memory alone::

    simnet run scenarios/million.py --backend fake --set size=1000000
"""

from simnet import (
    DAY,
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    Exponential,
    Never,
    Persona,
    Scenario,
    Write,
    sample,
)
from simnet.behaviours import lurk
from simnet.networks import random_followees

NEWS = "The river is rising. The bridge on Mill Road closes at noon."


def million(
    size: int = 1_000_000, followees: float = 20, speaks: float = 0.02, hours: float = 1
) -> Scenario:
    """Let `size` people follow `followees` others on average, for some hours."""
    reporter = Persona(id="reporter", description="A local newspaper's night desk.")
    active = max(1, size // 1000)
    return Scenario(
        "million",
        [
            Cohort("press", [reporter], rhythm=Never()),
            Cohort(
                "active",
                sample(active, seed=1),
                rhythm=Exponential(20 * MINUTE),
                reacts_in=5 * MINUTE,
                follows={"press": 1.0},
            ),
            Cohort(
                "lurkers",
                sample(size - active - 1, seed=2),
                behaviour=lurk(speaks),
                rhythm=Exponential(1 * DAY),
                reacts_in=5 * MINUTE,
            ),
        ],
        cues=[Cue(1 * MINUTE, "reporter", Write(NEWS))],
        ties=random_followees(followees),
        lasts=hours * HOUR,
        seed=1,
    )
