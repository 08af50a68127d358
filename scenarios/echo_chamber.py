"""An echo chamber: friends who agree, and a feed that shows what gets reactions.

The same people come twice, once for a plan and once against it, and prefer to follow those who
agree. The arms differ in the feed alone, so what they show differs by the feed alone::

    simnet run scenarios/echo_chamber.py --set arm=chronological
    simnet run scenarios/echo_chamber.py --set arm=engagement
    simnet run scenarios/echo_chamber.py --set arm=discovery

and how much of what members were shown came from those who agree, in the run made last::

    from simnet import Run
    from simnet.analysis.polarisation import like_minded

    print(like_minded(Run.open("latest"), "opinion"))
"""

from typing import Literal

from simnet import (
    DAY,
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    Diurnal,
    Feed,
    Follow,
    Like,
    Never,
    Pass,
    Persona,
    Quote,
    Reply,
    Repost,
    Scenario,
    Write,
    sample,
)
from simnet.feeds import both, following, popular
from simnet.networks import homophily
from simnet.rankings import diverse, engagement, interest, mix
from simnet.recommendations import common_neighbours
from simnet.verbs import Unfollow

NEWS = "From May, cars pay five euros to enter the inner city. The money goes to trams."
OPINIONS = {
    "for": "strongly in favour of the city charge for cars",
    "against": "strongly against the city charge for cars",
}
FEEDS = {
    "chronological": Feed(size=8),
    "engagement": Feed(ranking=engagement(half_life=12 * HOUR), size=8),
    "discovery": Feed(
        ranking=diverse(mix(engagement(), interest(), share=0.4), most_per_author=2),
        reads=both(popular(40), following),
        size=8,
        suggests=common_neighbours,
    ),
}


def echo_chamber(
    arm: Literal["chronological", "engagement", "discovery"] = "engagement",
    people: int = 200,
    alike: float = 0.7,
    follows: float = 12,
    days: float = 2,
    seed: int = 0,
) -> Scenario:
    """Let two camps talk for some days.

    `alike` is the homophily: the chance with which one follows somebody who agrees rather than
    anybody. 0 mixes the camps, 1 keeps them apart. `follows` is how many one follows on average.
    """
    camps = [
        sample(people // 2, seed, prefix=f"{camp}_", opinion=opinion)
        for camp, opinion in OPINIONS.items()
    ]
    members = [persona for camp in camps for persona in camp]
    gazette = Persona(id="gazette", description="The city's newspaper.")
    return Scenario(
        f"echo-chamber-{arm}",
        [
            Cohort("press", [gazette], rhythm=Never()),
            Cohort(
                "members",
                members,
                manner="The talk of the town is a charge for cars. You say what you think of it.",
                verbs=(Write, Reply, Like, Repost, Quote, Follow, Unfollow, Pass),
                rhythm=Diurnal(mean=3 * HOUR, triggered_by=frozenset({"reply"}), delay=10 * MINUTE),
                follows={"press": 1.0},
            ),
        ],
        cues=[Cue(8 * HOUR, gazette.id, Write(NEWS))],
        lasts=days * DAY,
        feed=FEEDS[arm],
        ties=homophily(members, "opinion", strength=alike, mean=follows),
        seed=seed,
    )
