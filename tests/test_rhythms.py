"""When personas wake."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from math import inf, nan
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_worlds import drive

from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    Exponential,
    Feed,
    Never,
    OnPost,
    Persona,
    Scenario,
    Steps,
    TakingTurns,
    Write,
    draws,
    silent,
)
from simnet.errors import ScenarioError, UserCodeError
from simnet.feeds import everything
from simnet.rhythms import Between, random_order, respond, round_robin
from simnet.scenario.forecast.expected_turns import expect


def draw(*key):
    return lambda: draws.unit(*key)


def test_exponential_gaps_have_their_mean_and_never_shrink_below_nothing():
    rhythm = Exponential(10 * MINUTE)
    gaps = [rhythm.after("ana", turn, HOUR, draw(turn)) - HOUR for turn in range(5000)]
    assert min(gaps) >= 0
    assert mean(gaps) == pytest.approx(600, rel=0.05)
    assert sum(gap > 600 for gap in gaps) / 5000 == pytest.approx(0.368, abs=0.03)
    assert rhythm.first("ana", draw("x")) == rhythm.after("ana", 0, 0.0, draw("x"))
    assert rhythm.triggered("ana", HOUR, draw("x")) < HOUR + 60


def test_steps_wake_everyone_at_once():
    rhythm = Steps(60.0, offset=5.0)
    assert rhythm.first("ana", draw(1)) == 5.0
    assert rhythm.after("ana", 0, 5.0, draw(1)) == 65.0
    assert rhythm.after("ana", 0, 64.9, draw(1)) == 65.0
    assert rhythm.after("ana", 3, 65.0, draw(1)) == 125.0
    assert rhythm.triggered("ana", 70.0, draw(1)) == 125.0


def test_who_is_triggered_before_the_first_step_wakes_at_it():
    assert Steps(60.0, offset=600.0).triggered("ana", 10.0, draw(1)) == 600.0


@given(st.floats(0.001, 1e5), st.floats(0, 1e5), st.integers(0, 10_000))
def test_the_next_step_is_always_later(every, offset, number):
    rhythm = Steps(every, offset)
    now = offset + number * every
    later = rhythm.after("ana", 0, now, draw(1))
    assert now < later <= now + 1.001 * every + 1e-6


def test_some_wake_only_on_a_post_and_some_never():
    assert OnPost(3.0).first("ana", draw(1)) is None
    assert OnPost(3.0).after("ana", 0, 9.0, draw(1)) is None
    assert OnPost(3.0).triggered("ana", 9.0, draw(1)) == 12.0
    assert Never().first("ana", draw(1)) is None
    assert Never().after("ana", 0, 9.0, draw(1)) is None
    assert Never().triggered("ana", 9.0, draw(1)) == inf


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Exponential(0),
            r"Exponential\(mean=0\): the rhythm would never advance; give mean",
        ),
        (lambda: Exponential(nan), r"Exponential\(mean=nan\)"),
        (lambda: Exponential(60, delay=-1), r"Exponential\(delay=-1\)"),
        (lambda: Steps(0), r"Steps\(every=0\): the rhythm would never advance"),
        (lambda: Steps(inf), r"Steps\(every=inf\)"),
        (lambda: Steps(60, offset=-5), r"Steps\(offset=-5\): give offset 0 or more seconds"),
        (lambda: OnPost(-1), r"OnPost\(delay=-1\): give delay 0 or more seconds"),
        (lambda: TakingTurns(["ana"], every=0), r"TakingTurns\(every=0\)"),
    ],
)
def test_a_rhythm_that_would_not_advance_is_refused(make, message):
    with pytest.raises(ScenarioError, match=message):
        make()


# -- turns ----------------------------------------------------------------------------

NAMES = ["ana", "ben", "cat"]


def test_round_robin_goes_round():
    assert round_robin(NAMES, 5) == ["ana", "ben", "cat", "ana", "ben"]
    assert round_robin(["ana"], 2) == ["ana", "ana"]


@pytest.mark.slow
@given(st.integers(0, 50), st.integers())
def test_random_order_never_repeats_a_speaker(turns, seed):
    order = random_order(NAMES, turns, seed)
    assert len(order) == turns
    assert all(one != next_one for one, next_one in pairwise(order))
    assert order == random_order(NAMES, turns, seed)
    assert random_order(["ana"], turns, seed) == ["ana"] * turns


def test_random_order_is_even():
    counts = Counter(random_order(NAMES, 3000))
    assert all(900 < count < 1100 for count in counts.values())


@given(st.floats(0, 1), st.integers())
def test_respond_never_lets_anyone_answer_themselves(chance, seed):
    order = respond(NAMES, 40, chance, seed)
    assert len(order) == 40
    assert all(one != next_one for one, next_one in pairwise(order))


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_respond_gives_the_word_back_by_chance(chance):
    order = respond(NAMES, 4000, chance)
    back = mean(one == third for one, third in zip(order, order[2:], strict=False))
    assert back == pytest.approx(chance + (1 - chance) / 2, abs=0.03)


def talk(order, **fields):
    people = [Persona(id=name) for name in NAMES]
    feed = Feed(reads=everything, size=3, fresh=False, own=True, oldest_first=True)
    cohort = Cohort(
        "people", people, verbs=(Write,), rhythm=TakingTurns(order, every=MINUTE),
        reacts_in=MINUTE / 2, feed=feed, **fields,
    )  # fmt: skip
    return drive(Scenario("talk", [cohort], lasts=HOUR), lambda prompt: prompt.user[-40:] + "!")


@pytest.mark.parametrize(
    "order", [round_robin(NAMES, 9), random_order(NAMES, 9), respond(NAMES, 9)]
)
def test_speakers_speak_in_their_order_and_hear_who_spoke_before(order):
    played = talk(order)
    assert [event.who for event in played.events] == order
    assert [event.time for event in played.events] == [MINUTE * n + 30 for n in range(len(order))]
    assert [view.posts[-1].author for view in played.views[1:]] == order[:-1]
    assert [len(view.posts) for view in played.views] == [min(n, 3) for n in range(len(order))]


# -- what moves whose wakes -----------------------------------------------------------


def wakes(scenario):
    return {(e.who, e.turn): e.woke for e in drive(scenario).events if e.turn is not None}


def crowd(name, count, **fields):
    return Cohort(
        name, [Persona(id=f"{name}{n}") for n in range(count)], behaviour=silent, **fields
    )


def test_adding_a_cohort_moves_nobody_elses_wakes():
    one = crowd("a", 4, rhythm=Exponential(20 * MINUTE))
    two = crowd("b", 5, rhythm=Exponential(5 * MINUTE))
    alone = wakes(Scenario("s", [one], lasts=4 * HOUR))
    for cohorts in ([one, two], [two, one]):
        together = wakes(Scenario("s", cohorts, lasts=4 * HOUR))
        assert {key: at for key, at in together.items() if key[0].startswith("a")} == alone
    assert len(alone) > 20


def test_adding_a_cohort_leaves_all_other_ties_as_they_are():
    from simnet.scenario.initial_network import network_of

    def ties(*cohorts):
        scenario = Scenario("s", cohorts, seed=4)
        handles = scenario.handles()
        return {
            (handles[a], handles[b]) for a, b in zip(*network_of(scenario, handles), strict=True)
        }

    one = crowd("a", 9, follows={"a": 0.5})
    two = crowd("b", 9, follows={"a": 0.3, "b": 0.7})
    both = ties(two, one)
    assert {(a, b) for a, b in both if a.startswith("a")} == ties(one)
    assert 10 < len(ties(one)) < 60


def test_another_seed_wakes_at_other_times():
    scenario = Scenario("s", [crowd("a", 3, rhythm=Exponential(20 * MINUTE))], lasts=4 * HOUR)
    assert wakes(scenario) != wakes(replace(scenario, seed=1))


def test_personas_of_one_cohort_wake_at_their_own_times():
    found = wakes(Scenario("s", [crowd("a", 5, rhythm=Exponential())], lasts=24 * HOUR))
    assert len(set(found.values())) == len(found)


# -- rhythms of one's own that are wrong ----------------------------------------------


class Odd:
    def __init__(self, first=1.0, after=None, triggered=None, by=()):
        self._first, self._after, self._triggered = first, after, triggered
        self.triggered_by = frozenset(by)

    def first(self, who, draw):
        return self._first

    def after(self, who, turn, now, draw):
        return self._after and self._after(now)

    def triggered(self, who, now, draw):
        return self._triggered(now)


@pytest.mark.parametrize(
    ("rhythm", "message"),
    [
        (Odd(first=-1.0), r"Odd.first gave -1 s at 0 s"),
        (Odd(first=nan), r"Odd.first gave nan s at 0 s"),
        (Odd(after=lambda now: now - 1), r"Odd.after gave 60 s at 61 s"),
        (Odd(after=lambda now: nan), r"Odd.after gave nan s at 61 s"),
        (Odd(triggered=lambda now: now - 1, by=["post"]), r"Odd.triggered gave \S+ s at \S+ s"),
    ],
)
def test_a_rhythm_that_goes_back_in_time_is_named_with_its_cohort(rhythm, message):
    people = [Persona(id="ana"), Persona(id="ben")]
    cohort = Cohort("odd", people, rhythm=rhythm, behaviour=silent, follows={"odd": 1.0})
    scenario = [Cue(5.0, "ana", Write("hi"))]
    with pytest.raises(
        ScenarioError, match=f"cohort 'odd': rhythm {message}; a rhythm must not go back"
    ):
        drive(Scenario("s", [cohort], scenario))


def test_a_rhythm_of_ones_own_may_wake_at_once():
    cohort = Cohort("odd", [Persona(id="ana")], rhythm=Odd(after=lambda now: now), behaviour=silent)
    played = drive(Scenario("s", [cohort], lasts=10 * MINUTE))
    assert [event.woke for event in played.events] == [1.0 + MINUTE * n for n in range(10)]


def fails(*arguments):
    raise KeyError("hour")


@pytest.mark.parametrize(
    ("rhythm", "message"),
    [
        (Odd(after=fails), "Odd.after raised KeyError: 'hour'"),
        (Odd(first="8:00"), "Odd.first returned '8:00'; return a time in seconds, or None"),
        (Odd(after=lambda now: now - 1), "Odd.after gave 60 s at 61 s; a rhythm must not go back"),
        (Between(Exponential(), joins=Odd(first=[])), "Between.first raised TypeError"),
    ],
)
def test_a_wrong_rhythm_is_named_before_a_run_starts(rhythm, message):
    cohort = Cohort("odd", [Persona(id="ana")], rhythm=rhythm, behaviour=silent)
    with pytest.raises(UserCodeError, match=f"cohort 'odd': rhythm {message}") as caught:
        expect(Scenario("s", [cohort], lasts=10 * MINUTE))
    assert caught.value.handle == "ana"
