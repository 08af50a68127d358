"""Cascades as large and as deep as real ones: rumours of Twitter 15, as OASIS uses them.

A source is followed by a share of the people, who also follow each other; a topic appeals more or
less, and whoever shares it gives each follower one chance. Parameters are fitted to one half of the
real topics, by size and depth of their cascades, and checked with the other half, by the normalised
root mean squared error, Kolmogorov and Smirnov's and Wasserstein's distance. One topic alone::

    simnet run scenarios/oasis_topics.py --set people=200

The topics are a file of OASIS (camel-ai/oasis, Apache-2.0) with the columns `num_users` and
`max_depth`; it is not shipped. With `simnet calibrate` and `--data FILE` they are fitted, which
needs the extra `study`.
"""

import csv
from pathlib import Path

from simnet import (
    MINUTE,
    Agent,
    Cohort,
    Cue,
    Feed,
    Never,
    OnPost,
    Persona,
    Scenario,
    Write,
    draws,
    sample,
)
from simnet.behaviours import Shown
from simnet.errors import UsageError
from simnet.networks import barabasi_albert
from simnet.rules import contagion, reposts
from simnet.studies import Calibration, Halves, cascade_of

SOURCE = "topic_source"
TOPICS = Path("oasis_topics_40.csv")
SIZE, DEPTH = cascade_of(SOURCE, "size"), cascade_of(SOURCE, "depth")


def oasis_topics(
    reach: float = 0.4, chance: float = 0.05, spread: float = 0.5, people: int = 800, seed: int = 0
) -> Scenario:
    """Let one topic spread among `people`.

    `reach` is the mean share of them who share it from the source itself, `chance` that of each
    follower of whoever shared it, and `spread` how much the appeal differs between topics, 0 to 1.
    """
    appeal = 1 + spread * (2 * draws.unit(seed, "appeal") - 1)
    first, later = contagion(min(1.0, reach * appeal)), contagion(min(1.0, chance * appeal))

    def sharing(me: Agent, post: Shown) -> float:
        return later(me, post) if post.reposts else first(me, post)

    members = sample(people, seed=1)
    return Scenario(
        "oasis topics",
        [
            Cohort("source", [Persona(id=SOURCE)], rhythm=Never()),
            Cohort(
                "people",
                members,
                behaviour=reposts(sharing),
                rhythm=OnPost(MINUTE / 2),
                reacts_in=MINUTE / 2,
                follows={"source": 1.0},
                feed=Feed(again=True),
            ),
        ],
        [Cue(0.0, SOURCE, Write("Just in: soldiers found near the falls."))],
        ties=barabasi_albert(2, members),
        lasts=30 * MINUTE,
        seed=seed,
    )


def topics(path: Path | None) -> Halves:
    """Read the real cascades: every other topic is fitted, the rest is held out."""
    file = path or TOPICS
    if not file.is_file():
        raise UsageError(f"{file} is not there; name the topics file of OASIS with --data")
    with file.open(encoding="utf-8", newline="") as rows:
        table = list(csv.DictReader(rows))
    if not table or not {"num_users", "max_depth"} <= table[0].keys():
        raise UsageError(f"{file} has no topics with num_users and max_depth")
    try:
        values = {
            SIZE.name: [float(row["num_users"]) for row in table],
            DEPTH.name: [float(row["max_depth"]) for row in table],
        }
    except ValueError as error:
        raise UsageError(f"{file}: num_users and max_depth are numbers: {error}") from error
    return Halves(
        {name: found[::2] for name, found in values.items()},
        {name: found[1::2] for name, found in values.items()},
    )


calibration = Calibration(
    "oasis topics",
    oasis_topics,
    parameters={"reach": (0.05, 0.8), "chance": (0.0, 0.2), "spread": (0.0, 1.0)},
    measures=[SIZE, DEPTH],
    data=topics,
    seeds=range(20),
)
