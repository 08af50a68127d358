"""A crowd in which each joins once enough others have: Granovetter's thresholds (1978).

With thresholds from 0 to 99 everybody joins, one after the other. Give the one with threshold 1 a
threshold of 2, and nobody joins but the first: crowds that are almost alike end differently. With
thresholds that are normally distributed around 25, few join below a deviation of about 12 and
almost all above. No model is asked::

    simnet run scenarios/thresholds.py --set crowd=uniform
    simnet run scenarios/thresholds.py --set crowd=one_changed

`scenarios/known_results.py` has the study that compares them with the textbook.
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import Literal

from simnet import MINUTE, Agent, Cohort, Cue, Feed, Never, Persona, Scenario, Steps, Write
from simnet.behaviours import Shown
from simnet.feeds import everything
from simnet.rules import reposts

MEAN = 25
Crowd = Literal["uniform", "one_changed", "narrow", "wide"]
DEVIATIONS = {"narrow": 10.0, "wide": 14.0}


def thresholds_of(crowd: Crowd, people: int) -> Sequence[float]:
    """List the thresholds of a crowd, in numbers of others who have joined."""
    if crowd in DEVIATIONS:
        spread = NormalDist(MEAN, DEVIATIONS[crowd])
        return [spread.inv_cdf((place + 0.5) / people) * people / 100 for place in range(people)]
    uniform = [float(place) for place in range(people)]
    return uniform if crowd == "uniform" else [uniform[0], 2.0, *uniform[2:]]


def joined_at_the_end(thresholds: Sequence[float]) -> int:
    """Return Granovetter's equilibrium: the least number that is as many as it lets join."""
    joined = -1
    while joined != (more := sum(one <= max(joined, 0) for one in thresholds)):
        joined = more
    return joined


def _enough(me: Agent, post: Shown) -> float:
    return float(post.reposts >= float(str(me.persona.attributes["threshold"])))


def thresholds(crowd: Crowd = "uniform", people: int = 100, seed: int = 0) -> Scenario:
    """Let a call to march be made, and each of `people` join by its threshold."""
    members = [
        Persona(id=f"p{place}", attributes={"threshold": round(one, 6)})
        for place, one in enumerate(thresholds_of(crowd, people))
    ]
    return Scenario(
        "thresholds",
        [
            Cohort("caller", [Persona(id="caller")], rhythm=Never()),
            Cohort(
                "crowd",
                members,
                behaviour=reposts(_enough),
                rhythm=Steps(MINUTE, offset=MINUTE),
                reacts_in=MINUTE / 2,
                feed=Feed(reads=everything, fresh=False),
            ),
        ],
        [Cue(0.0, "caller", Write("We march tonight. Who comes?"))],
        lasts=(people + 5) * MINUTE,
        seed=seed,
    )
