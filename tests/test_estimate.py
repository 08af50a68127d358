"""The estimate of turns against what the kernel does."""

import pytest

from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    Exponential,
    Never,
    OnPost,
    Persona,
    Scenario,
    Steps,
    TakingTurns,
    Write,
    sample,
)
from simnet.kernel.kernel import Kernel
from simnet.kernel.status import Status
from simnet.rhythms import round_robin
from simnet.scenario.forecast.expected_turns import expect, expected_turns
from simnet.world.decision import Decision


def turns_of(scenario: Scenario) -> int:
    """Play a scenario in which everyone passes, and count its turns."""
    kernel = Kernel(scenario)
    while kernel.advance(100) is not Status.DONE:
        views, kernel.views = kernel.views, []
        kernel.deliver([Decision(view.who, view.turn, ()) for view in views])
    return kernel.ledger().planned - sum(cue.at <= scenario.lasts for cue in scenario.cues)


def town(rhythm, *, size=4, lasts=10 * HOUR, cues=(), follows=1.0, reacts_in=MINUTE) -> Scenario:
    ann = Cohort("news", [Persona(id="ann"), Persona(id="bob")], rhythm=Never())
    people = Cohort(
        "people", sample(size), rhythm=rhythm, follows={"news": follows}, reacts_in=reacts_in
    )
    said = [Cue(at, who, Write("news")) for at, who in cues]
    return Scenario("town", [ann, people], said, lasts=lasts)


@pytest.mark.parametrize("reacts_in", [MINUTE, 10 * MINUTE, 25 * MINUTE])
@pytest.mark.parametrize("offset", [0.0, 5 * MINUTE, 20 * HOUR])
def test_steps_are_counted_exactly(reacts_in, offset):
    scenario = town(Steps(10 * MINUTE, offset), reacts_in=reacts_in)
    assert expect(scenario) == (turns_of(scenario), False)


def test_turns_taken_in_order_are_counted_exactly():
    order = round_robin([persona.id for persona in sample(3)], 11)
    whole = town(TakingTurns(order, 2 * MINUTE), size=3)
    short = town(TakingTurns(order, 2 * MINUTE), size=3, lasts=9 * MINUTE)
    assert expect(whole) == (turns_of(whole), False) == (11, False)
    assert expect(short) == (turns_of(short), False) == (5, False)


def test_random_wakes_are_about_their_mean():
    scenario = town(Exponential(20 * MINUTE), size=300)
    assert turns_of(scenario) == pytest.approx(expected_turns(scenario), rel=0.03)


@pytest.mark.parametrize(
    "cues",
    [
        [],
        [(0, "ann")],
        [(0, "ann"), (0, "bob"), (0, "ann")],
        [(0, "ann"), (30, "bob"), (40, "ann")],
        [(0, "ann"), (60, "bob"), (200, "ann"), (400, "bob")],
        [(0, "ann"), (11 * HOUR, "bob")],
    ],
)
@pytest.mark.parametrize("delay", [0.0, 5.0])
def test_turns_woken_by_cues_are_counted_exactly(cues, delay):
    scenario = town(OnPost(delay), cues=cues)
    assert expect(scenario) == (turns_of(scenario), False)


def test_only_followers_are_woken():
    scenario = town(OnPost(), size=200, cues=[(0, "ann")], follows=0.3)
    assert 20 < expected_turns(scenario) == turns_of(scenario) < 100


def test_it_is_a_lower_bound_where_personas_wake_each_other():
    crowd = Cohort("crowd", sample(3), rhythm=OnPost(), follows={"crowd": 1.0})
    first = sample(3)[0].id
    assert expect(Scenario("crowd", [crowd], [Cue(0, first, Write("hi"))])) == (2, True)


def test_a_rhythm_of_ones_own_is_played_through():
    class Twice(Never):
        def first(self, who, draw):
            return draw()

        def after(self, who, turn, now, draw):
            return now + 60 if turn == 0 else None

    scenario = town(Twice(), size=50)
    assert expected_turns(scenario) == turns_of(scenario) == 100
