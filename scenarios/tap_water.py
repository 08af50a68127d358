"""Ask whether a label calms a water scare as well as removal does.

One town, one rumour, one seed: the three arms differ in what the moderators do, and in nothing
else. Inside every arm half of the town reads by time and half by engagement. Members report
what troubles them; the moderators find it in their report queue when they wake::

    simnet run scenarios/tap_water.py:arms.nothing
    simnet run scenarios/tap_water.py:arms.label
    simnet run scenarios/tap_water.py:arms.remove

Other strategies are `reports`, which needs no model, and `strikes`, which removes by the rule and
warns or suspends whoever wrote the post.

An arm is also the scenario with `moderation` set, and then other parameters can be set too::

    simnet run scenarios/tap_water.py --set moderation=label --set size=200 --set lasts=12h

How far the rumour came in the last three runs (`simnet ls` lists them)::

    from simnet.analysis.cascades import compare
    from simnet.recording.reading.run import list_runs

    tables = {run.id: (run.read("events"), run.read("exposures")) for run in list_runs()[-3:]}
    print(compare(tables, by="plant_insider").to_pandas())
"""

from typing import Literal

from simnet import (
    DAY,
    HOUR,
    MINUTE,
    Behaviour,
    Cohort,
    Cue,
    Exponential,
    Feed,
    Never,
    Persona,
    Scenario,
    Seconds,
    Write,
    sample,
    silent,
)
from simnet.behaviours import by_reports, enforce, escalating, lurk
from simnet.feeds import reported
from simnet.rankings import chronological, engagement, split
from simnet.verbs import MODERATOR

RULE = "No unverified claims about health or safety."
NOTICE = "Tap water is safe. Today's test results are on our site."
RUMOUR = "My cousin at the plant says DO NOT drink the tap water. Share before it's deleted!"

MODERATION: dict[str, Behaviour] = {
    "nothing": silent,
    "label": enforce(RULE, note="Disputed by the water company."),
    "remove": enforce(RULE),
    "reports": by_reports({"label": 2, "remove": 4}, note="Reported by several members."),
    "strikes": escalating(enforce(RULE), ("warn", "day", "suspend"), warning=RULE),
}
"""What moderators do, by name of the strategy."""

utility = Persona(id="elmwood_water", description="The town's water company.")
insider = Persona(id="plant_insider", description="Says he knows someone at the plant.")


def town(size: int) -> list[Cohort]:
    """Gather four types of followers around two sources."""
    everyone = {"sources": 0.8, "supporters": 0.05, "trolls": 0.1, "alarmists": 0.1}
    supporters, trolls, alarmists = size // 10, size // 20, size * 3 // 20
    return [
        Cohort("sources", [utility, insider], rhythm=Never()),
        Cohort(
            "supporters",
            sample(supporters, seed=1),
            manner="You trust the water company and defend it with facts.",
            rhythm=Exponential(HOUR),
            reacts_in=5 * MINUTE,
            follows=everyone,
        ),
        Cohort(
            "trolls",
            sample(trolls, seed=2),
            manner="You mock whoever is most upset. You never explain yourself.",
            rhythm=Exponential(30 * MINUTE, triggered_by=frozenset({"reply", "quote"})),
            follows=everyone,
        ),
        Cohort(
            "alarmists",
            sample(alarmists, seed=3),
            manner="You expect the worst and warn everybody.",
            rhythm=Exponential(45 * MINUTE),
            follows=everyone,
        ),
        Cohort(
            "lurkers",
            sample(size - supporters - trolls - alarmists, seed=4),
            behaviour=lurk(0.05),
            rhythm=Exponential(2 * HOUR),
            follows=everyone,
        ),
    ]


def tap_water(
    moderation: Literal["nothing", "label", "remove", "reports", "strikes"] = "nothing",
    size: int = 1_000,
    moderators: int = 3,
    lasts: Seconds = 2 * DAY,
    seed: int = 2026,
) -> Scenario:
    """Let a rumour loose in a town of `size` members and let moderators deal with it."""
    staff = Cohort(
        "staff",
        sample(moderators, seed=5),
        manner="You moderate this network. You are fair and quick.",
        behaviour=MODERATION[moderation],
        verbs=MODERATOR,
        rhythm=Exponential(20 * MINUTE),
        feed=Feed(reads=reported, size=5, fresh=moderation != "reports"),
    )
    return Scenario(
        "tap-water",
        [*town(size), staff],
        cues=[Cue(HOUR, insider.id, Write(RUMOUR)), Cue(3 * HOUR, utility.id, Write(NOTICE))],
        feed=Feed(ranking=split(0.5, chronological, engagement(half_life=6 * HOUR))),
        lasts=lasts,
        seed=seed,
    )


arms = {name: tap_water(name) for name in ("nothing", "label", "remove")}
