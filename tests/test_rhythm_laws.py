"""Wakes follow the laws that the docstrings of rhythms state."""

from itertools import pairwise
from math import exp, sqrt
from statistics import mean

import pytest
from made_worlds import drive

from simnet import DAY, HOUR, MINUTE, Cohort, Diurnal, Exponential, Scenario, sample
from simnet.behaviours import silent

CRITICAL = 1.95
"""Of the statistic of Kolmogorov and Smirnov, times the root of n, at the level 0.001."""


def turns_of(rhythm, reacts_in, lasts):
    """Return, by persona, the times (wake, landing) of their turns."""
    people = Cohort("people", sample(40), rhythm=rhythm, reacts_in=reacts_in, behaviour=silent)
    events = drive(Scenario("village", [people], lasts=lasts, seed=2)).events
    found = {}
    for event in events:
        found.setdefault(event.who, []).append((event.woke, event.time))
    return found


def distance(values, law):
    """Return the greatest distance of an empirical distribution from a law."""
    ordered = sorted(values)
    count = len(ordered)
    return max(
        max((number + 1) / count - law(value), law(value) - number / count)
        for number, value in enumerate(ordered)
    )


@pytest.mark.parametrize("reacts_in", [1.0, 2 * MINUTE])
def test_rests_are_exponential_and_wakes_a_mean_and_a_turn_apart(reacts_in):
    turns = turns_of(Exponential(10 * MINUTE), reacts_in, 2 * DAY)
    rests = [later[0] - landed for one in turns.values() for (_, landed), later in pairwise(one)]
    gaps = [later[0] - woke for one in turns.values() for (woke, _), later in pairwise(one)]
    far = distance(rests, lambda rest: 1 - exp(-rest / (10 * MINUTE)))
    assert far < CRITICAL / sqrt(len(rests))
    assert mean(gaps) == pytest.approx(10 * MINUTE + reacts_in, rel=0.03)


def test_rests_follow_the_rate_of_the_hour():
    rhythm = Diurnal(mean=HOUR, profile="evening")
    turns = turns_of(rhythm, 5 * MINUTE, 14 * DAY)
    expected = rhythm.expected(0.0, 0.0, 14 * DAY, rest=5 * MINUTE)
    assert mean(map(len, turns.values())) == pytest.approx(expected, rel=0.03)
    passed = [
        1 - exp(-rhythm.expected(0.0, landed, later[0], rest=0.0))
        for one in turns.values()
        for (_, landed), later in pairwise(one)
    ]
    assert distance(passed, lambda share: share) < CRITICAL / sqrt(len(passed))
