"""Change a network in the middle: ban the trolls, change the feed, or ask people to be kind.

All arms are alike until half time, so what differs afterwards differs by the intervention. `watch`
bans the trolls only if they get loud: once they wrote more than `share` of all posts::

    simnet run scenarios/half_time.py --set arm=nothing
    simnet run scenarios/half_time.py --set arm=ban
    simnet run scenarios/half_time.py --set arm=feed

How much of what members were shown was written by trolls, before and after half time, in the run
made last::

    import sys

    from simnet import Run

    sys.path.append("scenarios")
    from half_time import shown_by_trolls

    print(shown_by_trolls(Run.open("latest")))
"""

from typing import Literal, NamedTuple

from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Exponential,
    Feed,
    Run,
    Scenario,
    Seconds,
    WorldState,
    sample,
)
from simnet.feeds import everything
from simnet.interventions import At, Ban, GiveNews, SetManner, SetRanking, When
from simnet.rankings import chronological, engagement

TROLLS, MEMBERS = "trolls", "members"


class Shares(NamedTuple):
    """Shares of what members were shown, from 0 to 1."""

    before: float
    after: float


def share_of_trolls(world: WorldState) -> float:
    """Measure which share of all posts trolls wrote; 0 while there are fewer than ten."""
    trolls = sum(world.cohorts[post.author_index] == TROLLS for post in world.posts)
    return trolls / len(world.posts) if len(world.posts) >= 10 else 0.0


def half_time(
    arm: Literal["nothing", "ban", "feed", "manner", "watch"] = "ban",
    size: int = 40,
    trolls: int = 4,
    share: float = 0.4,
    lasts: Seconds = 12 * HOUR,
    seed: int = 0,
) -> Scenario:
    """Let members talk among trolls, who are awake more often, and step in at half time."""
    half = lasts / 2
    interventions = {
        "nothing": [],
        "ban": [At(half, [Ban(TROLLS), GiveNews(MEMBERS, "The moderators banned trolls.")])],
        "feed": [At(half, SetRanking(MEMBERS, chronological))],
        "manner": [At(half, SetManner(TROLLS, "You regret what you wrote and are kind now."))],
        "watch": [When(share_of_trolls, above=share, every=HOUR, then=Ban(TROLLS))],
    }
    return Scenario(
        f"half-time-{arm}",
        [
            Cohort(
                MEMBERS,
                sample(size, seed, prefix="m_"),
                manner="You talk about your town.",
                rhythm=Exponential(40 * MINUTE),
            ),
            Cohort(
                TROLLS,
                sample(trolls, seed, prefix="t_"),
                manner="You mock whatever people say.",
                rhythm=Exponential(10 * MINUTE),
            ),
        ],
        feed=Feed(ranking=engagement(), reads=everything),
        interventions=interventions[arm],
        lasts=lasts,
        seed=seed,
    )


def shown_by_trolls(run: Run) -> Shares:
    """Return which share of what members were shown trolls wrote, before and after half time."""
    cohorts = {row["id"]: row["cohort"] for row in run.read("personas").to_pylist()}
    events = run.read("events").to_pylist()
    authors = {row["made"]: row["who"] for row in events if row["made"] is not None}
    half = float(run.manifest.scenario.parameters["lasts"]) / 2
    shown: dict[bool, list[bool]] = {False: [], True: []}
    for row in run.read("exposures").to_pylist():
        if cohorts[row["who"]] == MEMBERS:
            shown[row["time"] >= half].append(cohorts[authors[row["post"]]] == TROLLS)
    return Shares(*(sum(part) / max(1, len(part)) for part in (shown[False], shown[True])))
