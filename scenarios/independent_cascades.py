"""A rumour on a Barabási-Albert graph: independent cascades (Kempe, Kleinberg and Tardos 2003).

Whoever passes the rumour on has one chance with each neighbour, as in SIR with one round in which
to infect. How many it reaches is how many are joined to the first one when each tie is kept with
that chance: bond percolation (Newman 2002). No model is asked::

    simnet run scenarios/independent_cascades.py --set chance=0.15

`scenarios/known_results.py` has the study that compares it with the textbook.
"""

from simnet import HOUR, MINUTE, Cohort, Cue, Feed, Never, OnPost, Persona, Scenario, Write, sample
from simnet.networks import barabasi_albert
from simnet.rules import contagion, reposts

FIRST = "rumour_source"


def independent_cascades(
    people: int = 1000, chance: float = 0.15, ties: int = 2, seed: int = 0
) -> Scenario:
    """Let one of `people`, anywhere in a network with `ties` for each newcomer, begin a rumour."""
    return Scenario(
        "independent cascades",
        [
            Cohort("source", [Persona(id=FIRST)], rhythm=Never()),
            Cohort(
                "people",
                sample(people - 1, seed=1),
                behaviour=reposts(contagion(chance)),
                rhythm=OnPost(MINUTE / 2),
                reacts_in=MINUTE / 2,
                feed=Feed(again=True),
            ),
        ],
        [Cue(0.0, FIRST, Write("They say the bridge will be closed."))],
        ties=barabasi_albert(ties),
        lasts=6 * HOUR,
        seed=seed,
    )
