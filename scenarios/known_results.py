"""Three classical models as studies, with the textbook's results beside ours in the report.

They ask no model, and each run is one process::

    simnet study run scenarios/known_results.py:crowds
    simnet study report scenarios/known_results.py:crowds --no-figures

The others are `cascades` (independent cascades) and `camps` (bounded confidence). Studies need the
extra `study`, their reports the extra `report`.
"""

import json

from bounded_confidence import bounded_confidence
from independent_cascades import FIRST, independent_cascades
from thresholds import joined_at_the_end, thresholds, thresholds_of

from simnet import Run
from simnet.opinions import clusters
from simnet.studies import Hypothesis, Reference, Study, actions, cascade_of, measure, opinions

PERCOLATION = "bond percolation of 20,000 Barabasi-Albert graphs by networkx; Newman 2002"
GRANOVETTER = "Granovetter 1978, Threshold models of collective behavior"
DEFFUANT = "1/(2 epsilon), rounded down; Deffuant et al. 2000"
MEAN_SIZES = {0.05: 0.354, 0.15: 7.30}
"""Mean number of people whom a rumour reaches beyond the first one, by the chance."""


@measure("camps", source="Deffuant et al. 2000; groups of 5% of the people or more")
def camps_of(run: Run) -> float:
    """Count the camps at the end, without the few people at the ends of the scale."""
    rows = run.read("state").to_pylist()
    held = {row["key"]: json.loads(row["value"]) for row in rows}
    return len(clusters(held.values(), gap=0.05, least=0.05))


cascades = Study(
    "independent cascades",
    arms={f"chance {one}": independent_cascades(chance=one) for one in MEAN_SIZES},
    seeds=range(40),
    measures=[cascade_of(FIRST, "size"), cascade_of(FIRST, "depth")],
    hypotheses=[
        Hypothesis(
            "more reached", f"cascade size of {FIRST}", "chance 0.15", "chance 0.05", "higher"
        )
    ],
    references=[
        Reference(f"cascade size of {FIRST}", size, PERCOLATION, arm=f"chance {chance}")
        for chance, size in MEAN_SIZES.items()
    ],
)

CROWDS = ("uniform", "one_changed", "narrow", "wide")
crowds = Study(
    "thresholds",
    arms={crowd: thresholds(crowd) for crowd in CROWDS},
    seeds=[0],  # nothing is left to chance
    measures=[actions("repost")],
    references=[
        Reference(
            "actions repost", joined_at_the_end(thresholds_of(crowd, 100)), GRANOVETTER, arm=crowd
        )
        for crowd in CROWDS
    ],
)

camps = Study(
    "bounded confidence",
    arms={f"epsilon {one}": bounded_confidence(epsilon=one) for one in (0.5, 0.3, 0.2)},
    seeds=range(10),
    measures=[camps_of, opinions()],
    references=[
        Reference("camps", int(1 / (2 * one)), DEFFUANT, arm=f"epsilon {one}")
        for one in (0.5, 0.3, 0.2)
    ],
)
