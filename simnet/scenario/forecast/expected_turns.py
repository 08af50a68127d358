"""How many turns a scenario will take, estimated from its rhythms before anything starts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from math import floor
from typing import NamedTuple

import numpy as np

from simnet import draws
from simnet.clock import Seconds, rounded
from simnet.errors import ScenarioError
from simnet.scenario.cohort import Cohort, handles_of
from simnet.scenario.cue_checks import check_possible
from simnet.scenario.discussions.turn_taking import TurnsInRooms
from simnet.scenario.initial_network import network_of
from simnet.scenario.interventions.intervention_checks import check_course
from simnet.scenario.interventions.presence import acts_of, share_there
from simnet.scenario.scenario import Scenario
from simnet.scenario.timing.asked_rhythms import asked, raised
from simnet.scenario.timing.by_persona import ByPersona
from simnet.scenario.timing.churn import Between
from simnet.scenario.timing.diurnal import Diurnal
from simnet.scenario.timing.rhythms import Exponential, Never, OnPost, Rhythm, Steps, TakingTurns

MEMBERS_SIMULATED = 20
"""Members whose rhythm is simulated where there is no formula."""
PRESENT = 1000
"""Members whose times of joining and leaving are drawn."""
MOST_WAKES = 10_000
"""Wakes of one member after which its simulation ends."""
POSTING = frozenset({"post", "reply", "quote", "repost"})
"""Relations of verbs that put a post into the feeds of followers."""


class Expected(NamedTuple):
    """How many turns to expect, besides the cues."""

    turns: float
    at_least: bool
    """Whether it is a lower bound: what personas post wakes others, and how much is not known."""


def expected_turns(scenario: Scenario) -> float:
    """Estimate how many turns there will be; see `expect`."""
    return expect(scenario).turns


def expect(scenario: Scenario) -> Expected:
    """Estimate how many turns there will be and say whether that is a lower bound.

    A persona that wakes at random takes `lasts / (mean + reacts_in)` turns on average, and fewer
    if interventions at set times ban it or let it join late. Of those
    who wake when someone posts, the turns that follow from cues are counted, and no more.
    """
    there = share_there(scenario.interventions, scenario.cohorts, scenario.lasts)
    turns = sum(expected_of(scenario, one) * there.get(one.name, 1.0) for one in scenario.cohorts)
    triggered = [cohort.rhythm for cohort in scenario.cohorts if cohort.rhythm.triggered_by]
    if not any(isinstance(rhythm, OnPost) for rhythm in triggered):
        return Expected(turns, bool(triggered))
    woken = _woken_by_cues(scenario)
    others = any(not isinstance(rhythm, OnPost) for rhythm in triggered)
    return Expected(turns + woken.turns, woken.at_least or others)


def check_startable(scenario: Scenario) -> None:
    """Raise ScenarioError for a scenario that no run should start with.

    One of its cues could only be refused, or more turns are expected than it allows.
    """
    check_possible(scenario.name, scenario.cues, scenario.cohorts)
    check_course(scenario.name, scenario.interventions, scenario.cues, scenario.cohorts)
    if scenario.most_turns is None:
        return
    expected = expect(scenario)
    if expected.turns > scenario.most_turns:
        about = "at least" if expected.at_least else "about"
        raise ScenarioError(
            f"{scenario.name}: {about} {expected.turns:,.0f} turns are expected, but most_turns="
            f"{scenario.most_turns}; raise it, let personas wake less often, or make it shorter"
        )


def expected_of(scenario: Scenario, cohort: Cohort) -> float:
    """Estimate how many turns a cohort takes by its rhythm, without wakes that events cause."""
    lasts, size = scenario.lasts, len(cohort.personas)
    match cohort.rhythm:
        case Exponential(mean=mean):
            return size * lasts / (mean + cohort.reacts_in)
        case Steps(every=every, offset=offset):
            stride = (floor(cohort.reacts_in / every) + 1) * every
            return size * max(0.0, (lasts - offset) // stride + 1)
        case (TakingTurns() | TurnsInRooms()) as rhythm:
            return _in_order(rhythm, handles_of(cohort.personas), lasts)
        case Diurnal() as rhythm:
            zones = Counter(rhythm.zone_of(who) for who in handles_of(cohort.personas))
            return sum(
                count * rhythm.expected(zone, 0.0, lasts, cohort.reacts_in)
                for zone, count in zones.items()
            )
        case (Between(rhythm=Exponential() | Diurnal()) | ByPersona()) as rhythm:
            of_each = _by_persona if isinstance(rhythm, ByPersona) else _between
            return of_each(scenario, cohort)
        case rhythm:
            sampled = handles_of(cohort.personas)[:MEMBERS_SIMULATED]
            played = sum(_simulated(scenario, cohort, rhythm, who) for who in sampled)
            return size * played / max(1, len(sampled))


def _in_order(rhythm: TakingTurns | TurnsInRooms, handles: Sequence[str], lasts: Seconds) -> float:
    """Count the turns of members in an order, or in rooms."""
    if isinstance(rhythm, TurnsInRooms):
        return rhythm.expected(handles)
    members = set(handles)
    places = rhythm.order[: floor(lasts / rhythm.every) + 1]
    return float(sum(speaker in members for speaker in places))


def _between(scenario: Scenario, cohort: Cohort) -> float:
    """Estimate the turns of members who join and leave, from the times of some of them."""
    handles, churn = handles_of(cohort.personas), cohort.rhythm
    assert isinstance(churn, Between)
    turns = 0.0
    for who in handles[:PRESENT]:
        try:
            joined, left = churn.span(who, draws.Draw(scenario.seed, who, 0, "wake"))
        except BaseException as error:  # `joins` and `stays` may be rhythms of the user
            raise raised(churn.first, error, cohort.name, who) from error
        until = min(left, scenario.lasts)
        if until <= joined:
            continue
        match churn.rhythm:
            case Exponential(mean=mean):
                turns += (until - joined) / (mean + cohort.reacts_in)
            case Diurnal() as inner:
                turns += inner.expected(inner.zone_of(who), joined, until, cohort.reacts_in)
    return turns * len(handles) / max(1, min(len(handles), PRESENT))


def _by_persona(scenario: Scenario, cohort: Cohort) -> float:
    """Estimate the turns of members with rhythms of their own, from those of some of them."""
    sampled, each = cohort.personas[:PRESENT], cohort.rhythm
    assert isinstance(each, ByPersona)
    turns = sum(
        expected_of(scenario, replace(cohort, personas=[one], rhythm=each.of(one.id)))
        for one in sampled
    )
    return turns * len(cohort.personas) / max(1, len(sampled))


def _simulated(scenario: Scenario, cohort: Cohort, rhythm: Rhythm, who: str) -> int:
    """Count one member's wakes by asking the rhythm, as the kernel does if no event triggers it.

    Raises UserCodeError where the kernel would.
    """
    draw = draws.Draw(scenario.seed, who, 0, "wake")
    at = asked(rhythm.first, 0.0, (who, draw), cohort.name, who)
    turn = 0
    while at is not None and at <= scenario.lasts and turn < MOST_WAKES:
        draw = draws.Draw(scenario.seed, who, turn + 1, "wake")
        landed = rounded(at + cohort.reacts_in)
        at = asked(rhythm.after, landed, (who, turn, landed, draw), cohort.name, who)
        turn += 1
    return turn


# -- who wakes when someone posts -----------------------------------------------------------


def _woken_by_cues(scenario: Scenario) -> Expected:
    """Count the turns with which members who wait for posts answer the cues.

    It is a lower bound unless they follow nobody who posts of their own accord.
    """
    cues = [*scenario.cues, *acts_of(scenario.interventions)]
    cues = [cue for cue in cues if cue.at <= scenario.lasts]
    posts = sorted((cue.at, cue.who) for cue in cues if cue.does.relation in POSTING)
    handles = scenario.handles()
    index = {handle: position for position, handle in enumerate(handles)}
    followers, followees = network_of(scenario, handles)
    sizes = [len(cohort.personas) for cohort in scenario.cohorts]
    awake = np.repeat([not isinstance(c.rhythm, Never) for c in scenario.cohorts], sizes)
    turns, at_least = 0, False
    for cohort, start, size in zip(scenario.cohorts, accumulate([0, *sizes]), sizes, strict=False):
        if isinstance(cohort.rhythm, OnPost):
            mine = (followers >= start) & (followers < start + size) & (followers != followees)
            at_least |= bool(awake[followees[mine]].any()) or cohort.rhythm.triggered_by != {"post"}
            for authors in _bursts(posts, cohort.rhythm.delay, cohort.reacts_in, scenario.lasts):
                known = np.isin(followees[mine], [index[author] for author in authors])
                turns += len(np.unique(followers[mine][known]))
    return Expected(float(turns), at_least)


def _bursts(
    posts: Sequence[tuple[Seconds, str]], delay: Seconds, reacts_in: Seconds, lasts: Seconds
) -> list[list[str]]:
    """Group the authors of posts that one look sees, for a member who follows them all.

    Posts until the wake are seen at once; posts while one thinks wake one once more.
    """
    bursts: list[list[str]] = []
    wake = ready = -1.0
    for at, author in posts:
        if not bursts or at > wake:
            wake = max(at, ready) + delay
            if wake > lasts:
                break
            ready = wake + reacts_in
            bursts.append([])
        bursts[-1].append(author)
    return bursts
