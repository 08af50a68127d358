"""How many turns a scenario will take, estimated from its rhythms before anything starts."""

from collections.abc import Sequence
from itertools import accumulate
from math import floor
from typing import NamedTuple

import numpy as np

from simnet import draws
from simnet.clock import Seconds
from simnet.scenario.rhythms import Exponential, Never, OnPost, Rhythm, Steps, TakingTurns
from simnet.scenario.scenario import Cohort, Scenario, handles_of, network_of

SAMPLED = 20
"""Members whose rhythm is played through where no formula knows it."""
MOST_PLAYED = 10_000
"""Wakes of one member after which playing it through ends."""
POSTING = frozenset({"write", "reply", "quote", "repost"})


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

    A persona that wakes at random takes `lasts / (mean + reacts_in)` turns on average. Of those
    who wake when someone posts, the turns that follow from cues are counted, and no more.
    """
    turns = sum(_of_cohort(scenario, cohort) for cohort in scenario.cohorts)
    stirred = [cohort.rhythm for cohort in scenario.cohorts if cohort.rhythm.stirred_by]
    if not any(isinstance(rhythm, OnPost) for rhythm in stirred):
        return Expected(turns, bool(stirred))
    woken = _woken_by_cues(scenario)
    others = any(not isinstance(rhythm, OnPost) for rhythm in stirred)
    return Expected(turns + woken.turns, woken.at_least or others)


def _of_cohort(scenario: Scenario, cohort: Cohort) -> float:
    lasts, size = scenario.lasts, len(cohort.personas)
    match cohort.rhythm:
        case Exponential(mean=mean):
            return size * lasts / (mean + cohort.reacts_in)
        case Steps(every=every, offset=offset):
            if offset > lasts:
                return 0.0
            stride = (floor(cohort.reacts_in / every) + 1) * every
            return size * float((lasts - offset) // stride + 1)
        case TakingTurns(order=order, every=every):
            members = set(handles_of(cohort.personas))
            places = order[: floor(lasts / every) + 1]
            return float(sum(speaker in members for speaker in places))
        case rhythm:
            sampled = handles_of(cohort.personas)[:SAMPLED]
            played = sum(_played(scenario, cohort, rhythm, who) for who in sampled)
            return size * played / max(1, len(sampled))


def _played(scenario: Scenario, cohort: Cohort, rhythm: Rhythm, who: str) -> int:
    """Count one member's wakes by asking the rhythm, as the kernel will if nothing stirs it."""
    at = rhythm.first(who, _Draws(scenario.seed, who, 0))
    turn = 0
    while at is not None and at <= scenario.lasts and turn < MOST_PLAYED:
        at = rhythm.after(who, turn, at + cohort.reacts_in, _Draws(scenario.seed, who, turn + 1))
        turn += 1
    return turn


class _Draws:
    """Chance for the wake of one turn, the same as the kernel's."""

    def __init__(self, seed: int, who: str, turn: int) -> None:
        self._key = (seed, who, turn, "wake")
        self._drawn = 0

    def __call__(self) -> float:
        self._drawn += 1
        return draws.unit(*self._key, self._drawn)


# -- who wakes when someone posts -----------------------------------------------------------


def _woken_by_cues(scenario: Scenario) -> Expected:
    """Count the turns with which members who wait for posts answer the cues.

    It is a lower bound unless they follow nobody who posts of their own accord.
    """
    posts = sorted((cue.at, cue.who) for cue in scenario.cues if cue.does.verb in POSTING)
    handles = scenario.handles()
    index = {handle: position for position, handle in enumerate(handles)}
    followers, followees = network_of(scenario, handles)
    sizes = [len(cohort.personas) for cohort in scenario.cohorts]
    awake = np.repeat([not isinstance(c.rhythm, Never) for c in scenario.cohorts], sizes)
    turns, at_least = 0, False
    for cohort, start, size in zip(scenario.cohorts, accumulate([0, *sizes]), sizes, strict=False):
        if isinstance(cohort.rhythm, OnPost):
            mine = (followers >= start) & (followers < start + size) & (followers != followees)
            at_least |= bool(awake[followees[mine]].any()) or cohort.rhythm.stirred_by != {"post"}
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
