"""Rhythms that follow the clock, members who come and go, and what stirs them."""

from dataclasses import replace
from datetime import UTC, datetime
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_worlds import drive

from simnet import (
    DAY,
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    Diurnal,
    Exponential,
    Never,
    OnPost,
    Persona,
    Quote,
    Reply,
    Scenario,
    Steps,
    TakingTurns,
    Write,
    sample,
)
from simnet.draws import Draw
from simnet.errors import InputError, ScenarioError
from simnet.kernel.kernel import Kernel
from simnet.kernel.status import Status
from simnet.rhythms import Between, zones
from simnet.scenario.forecast.expected_turns import check_startable, expect, expected_turns
from simnet.verbs import Message
from simnet.world.decision import Decision


def draw(who="ana", turn=0, seed=1):
    return Draw(seed, who, turn, "wake")


def wakes(rhythm, who="ana", until=28 * DAY, seed=1):
    """List one member's wakes, whose turns take no time."""
    at, turn, found = rhythm.first(who, draw(who, 0, seed)), 0, []
    while at is not None and at <= until:
        found.append(at)
        at = rhythm.after(who, turn, at, draw(who, turn + 1, seed))
        turn += 1
    return np.array(found)


def turns_of(scenario):
    """Play a scenario in which everyone passes, and count its turns by member."""
    kernel = Kernel(scenario)
    turns = []
    while kernel.advance(100) is not Status.DONE:
        views, kernel.views = kernel.views, []
        turns += [(view.now, view.who) for view in views]
        kernel.deliver([Decision(view.who, view.turn, ()) for view in views])
    return turns


# -- by the clock -----------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["evening", "office", "night", "flat"])
def test_a_profile_keeps_its_mean(profile):
    rhythm = Diurnal(HOUR, profile, weekdays=(1, 2, 3, 1, 1, 1, 5))
    assert len(wakes(rhythm, until=56 * DAY)) == pytest.approx(56 * 24, rel=0.08)


def test_wakes_follow_the_hours():
    weights = np.arange(24)
    found = wakes(Diurnal(6 * MINUTE, weights.tolist()))
    hours = np.bincount((found // HOUR).astype(int) % 24, minlength=24)
    assert hours[0] == 0
    assert hours / hours.sum() == pytest.approx(weights / weights.sum(), abs=0.012)


def test_wakes_follow_the_weekdays():
    found = wakes(Diurnal(HOUR, "flat", weekdays=(0, 0, 1, 0, 0, 3, 0)))
    days = np.bincount((found // DAY).astype(int) % 7, minlength=7)
    assert set(np.flatnonzero(days)) == {2, 5}
    assert days[5] / days[2] == pytest.approx(3, rel=0.3)


def hour_of(**fields):
    """Find the hour of simulated time in which the first hour of the local day falls."""
    found = wakes(Diurnal(HOUR, [1] + [0] * 23, **fields), until=3 * DAY)
    (hour,) = set((found // HOUR).astype(int) % 24)
    return hour


@pytest.mark.parametrize(
    ("zone", "starts", "hour"),
    [
        (0, datetime(2026, 1, 5, tzinfo=UTC), 0),
        (2, datetime(2026, 1, 5, tzinfo=UTC), 22),
        (-5.0, datetime(2026, 1, 5, tzinfo=UTC), 5),
        ("Asia/Tokyo", datetime(2026, 1, 5, tzinfo=UTC), 15),
        ("Europe/Rome", datetime(2026, 1, 5, tzinfo=UTC), 23),
        ("Europe/Rome", datetime(2026, 7, 6, tzinfo=UTC), 22),
        (0, datetime(2026, 1, 5, 6, tzinfo=UTC), 18),
    ],
)
def test_hours_are_those_of_the_local_clock(zone, starts, hour):
    assert hour_of(zone=zone, starts=starts) == hour


def test_each_lives_in_the_time_zone_of_their_attribute():
    people = [
        Persona(id="ana", attributes={"timezone": "Asia/Tokyo"}),
        Persona(id="ben", attributes={"timezone": -3}),
    ]
    rhythm = Diurnal(HOUR, [1] + [0] * 23, zone=zones(people))
    assert set((wakes(rhythm, "ana") // HOUR).astype(int) % 24) == {15}
    assert set((wakes(rhythm, "ben") // HOUR).astype(int) % 24) == {3}
    with pytest.raises(ScenarioError, match="no time zone for @cat"):
        rhythm.first("cat", draw())


def test_wakes_depend_on_seed_persona_and_turn_alone():
    rhythm = Diurnal(HOUR)
    assert wakes(rhythm).tolist() == wakes(rhythm).tolist()
    assert wakes(rhythm)[0] != wakes(rhythm, "ben")[0] != wakes(rhythm, "ben", seed=2)[0]


@pytest.mark.parametrize("weight", [5e-324, 1e-308, 1e308])
def test_only_the_proportions_of_weights_count(weight):
    assert wakes(Diurnal(HOUR, [weight] * 24)).tolist() == wakes(Diurnal(HOUR, [1] * 24)).tolist()


@given(
    st.lists(st.floats(0, 5), min_size=24, max_size=24).filter(any),
    st.floats(60, 10 * DAY),
    st.floats(0, 10 * DAY),
    st.integers(0, 99),
)
def test_time_never_stands_still(weights, mean, now, seed):
    rhythm = Diurnal(mean, weights)
    at = rhythm.after("ana", 0, now, draw(seed=seed))
    assert at > now
    assert weights[int(at // HOUR) % 24] > 0


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"mean": 0}, "mean=0"),
        ({"profile": "morning"}, "'morning'.*evening, office, night, flat"),
        ({"profile": [1] * 23}, "give 24 weights"),
        ({"profile": [0] * 24}, "not all 0"),
        ({"profile": [-1] + [1] * 23}, "0 or more"),
        ({"weekdays": [1] * 5}, "give 7 weights"),
        ({"zone": "Mars/Olympus"}, "'Mars/Olympus'.*no such time zone"),
        ({"zone": {"ana": "nowhere"}}, "'nowhere'.*no such time zone"),
        ({"zone": 25}, "zone=25"),
        ({"starts": datetime(2026, 1, 5)}, "time zone"),  # noqa: DTZ001
        ({"delay": inf}, "delay=inf"),
    ],
)
def test_a_clock_that_cannot_be_followed_is_refused(fields, says):
    with pytest.raises(ScenarioError, match=says):
        Diurnal(**fields)


@pytest.mark.parametrize("value", [None, True, ["Europe/Rome"]])
def test_a_persona_without_a_time_zone_is_named(value):
    with pytest.raises(InputError, match=f"@ana has tz={value!r}".replace("[", r"\[")):
        zones([Persona(id="ana", attributes={"tz": value})], "tz")


# -- coming and going -------------------------------------------------------------------


def test_members_wake_between_joining_and_leaving_only():
    rhythm = Between(Exponential(HOUR), joins=2 * DAY, stays=3 * DAY)
    found = wakes(rhythm)
    assert 2 * DAY < found.min() <= found.max() < 5 * DAY
    assert len(found) == pytest.approx(72, abs=25)


def test_members_come_and_go_at_random_but_stay_the_same_in_all_turns():
    rhythm = Between(Exponential(HOUR), joins=Exponential(DAY), stays=Exponential(2 * DAY))
    spans = [rhythm.span(f"p{number}", draw(f"p{number}")) for number in range(2000)]
    assert np.mean([joined for joined, _ in spans]) == pytest.approx(DAY, rel=0.1)
    assert np.mean([left - joined for joined, left in spans]) == pytest.approx(2 * DAY, rel=0.1)
    assert rhythm.span("ana", draw(turn=0)) == rhythm.span("ana", draw(turn=9))
    assert rhythm.span("ana", draw(seed=1)) != rhythm.span("ana", draw(seed=2))


def test_who_was_always_there_wakes_as_without():
    for rhythm in (Exponential(HOUR), Diurnal(HOUR), Steps(HOUR)):
        assert wakes(Between(rhythm)).tolist() == wakes(rhythm).tolist()


def test_nobody_stirs_those_who_are_not_there():
    rhythm = Between(OnPost(5.0), joins=100.0, stays=50.0)
    assert rhythm.triggered_by == {"post"}
    woken = [rhythm.triggered("ana", at, draw()) for at in (99.0, 100.0, 144.0, 146.0, 150.0)]
    assert woken == [inf, 105.0, 149.0, inf, inf]
    assert rhythm.first("ana", draw()) is None


def test_who_never_joins_never_wakes():
    assert wakes(Between(Exponential(HOUR), joins=Never())).tolist() == []
    assert len(wakes(Between(Steps(DAY), stays=Never()), until=5 * DAY)) == 6


def test_churn_is_seen_in_a_run():
    rhythm = Between(Exponential(10 * MINUTE), joins=Exponential(5 * HOUR), stays=4 * HOUR)
    people = sample(40)
    scenario = Scenario("s", [Cohort("c", people, rhythm=rhythm)], lasts=DAY)
    turns = turns_of(scenario)
    for place in range(40):
        who = people.handle(place)
        joined, left = rhythm.span(who, Draw(0, who, 0, "wake"))
        mine = [at for at, other in turns if other == who]
        assert all(joined < at < left for at in mine)
        assert bool(mine) == (joined < DAY - HOUR) or joined > DAY - HOUR


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Between(Never(), joins=-1), "joins=-1"),
        (lambda: Between(Never(), joins=inf), "joins=inf"),
        (lambda: Between(Never(), stays=0), "stays=0"),
        (lambda: Between(TakingTurns(["a"])), "TakingTurns"),
    ],
)
def test_churn_that_makes_no_sense_is_refused(make, says):
    with pytest.raises(ScenarioError, match=says):
        make()


# -- how many turns ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "rhythm",
    [
        Diurnal(2 * HOUR),
        Diurnal(20 * MINUTE, "office", weekdays=(1, 5, 1, 1, 1, 0, 0), zone="Asia/Tokyo"),
        Between(Exponential(HOUR), joins=Exponential(12 * HOUR), stays=Exponential(20 * HOUR)),
        Between(Diurnal(HOUR), joins=7.5 * HOUR, stays=DAY),
        Between(Steps(HOUR), joins=5 * HOUR, stays=9.5 * HOUR),
    ],
    ids=["diurnal", "office", "churn", "both", "steps"],
)
def test_turns_are_expected_about_right(rhythm):
    cohort = Cohort("c", sample(300), rhythm=rhythm, reacts_in=10 * MINUTE)
    scenario = Scenario("s", [cohort], lasts=2 * DAY)
    assert len(turns_of(scenario)) == pytest.approx(expected_turns(scenario), rel=0.05)
    assert not expect(scenario).at_least


def test_a_scenario_beyond_its_budget_is_refused():
    cohort = Cohort("c", sample(10), rhythm=Steps(HOUR))
    budget = Scenario("s", [cohort], lasts=9.5 * HOUR, most_turns=100)
    check_startable(budget)
    with pytest.raises(ScenarioError, match="about 100 turns are expected, but most_turns=99"):
        check_startable(replace(budget, most_turns=99))
    with pytest.raises(ScenarioError, match="most_turns=0"):
        replace(budget, most_turns=0)


def test_no_run_begins_beyond_its_budget(tmp_path):
    from simnet import FakeModel, run

    scenario = Scenario("s", [Cohort("c", sample(10), rhythm=Steps(HOUR))], most_turns=5)
    with pytest.raises(ScenarioError, match="most_turns=5"):
        run(scenario, model=FakeModel(), out=tmp_path)
    assert list(tmp_path.iterdir()) == []


# -- what stirs -------------------------------------------------------------------------


def stirring(does, triggered_by):
    """List when ana wakes within a day in which ben does something to her at noon."""
    rhythm = Exponential(10**9, triggered_by=frozenset(triggered_by), delay=MINUTE)
    ana = Cohort("a", [Persona(id="ana")], rhythm=rhythm)
    ben = Cohort("b", [Persona(id="ben")], rhythm=Never())
    cues = [Cue(HOUR, "ana", Write("hello")), Cue(12 * HOUR, "ben", does)]
    return [at for at, _ in turns_of(Scenario("s", [ana, ben], cues, seed=3))]


@pytest.mark.parametrize(
    ("how", "does"),
    [("reply", Reply(0, "hi")), ("quote", Quote(0, "see")), ("message", Message("ana", "psst"))],
)
def test_a_notification_wakes_its_reader_soon(how, does):
    (at,) = stirring(does, {how})
    assert 12 * HOUR < at < 12 * HOUR + 15 * MINUTE
    assert stirring(does, {"reply", "quote", "message"} - {how}) == []


def test_answers_come_in_bursts():
    rhythm = Exponential(6 * HOUR, frozenset({"reply"}), MINUTE)

    def gaps(rhythm):
        people = Cohort(
            "c", sample(6), rhythm=rhythm, reacts_in=30.0, follows={"c": 1.0}, verbs=(Reply, Write)
        )
        first = sample(6).handle(0)
        scenario = Scenario("s", [people], [Cue(0, first, Write("hi"))], lasts=DAY)
        played = drive(scenario)
        woken = sorted(event.woke for event in played.events if event.woke is not None)
        return np.diff(woken)

    calm, lively = gaps(Exponential(6 * HOUR)), gaps(rhythm)
    assert len(lively) > 1.5 * len(calm)
    assert np.mean(lively < 5 * MINUTE) > 2 * np.mean(calm < 5 * MINUTE)


def test_thinking_members_look_again_when_they_are_done():
    rhythm = Exponential(10**9, frozenset({"reply"}), MINUTE)
    ana = Cohort("a", [Persona(id="ana")], rhythm=rhythm, reacts_in=HOUR)
    ben = Cohort("b", [Persona(id="ben")], rhythm=Never())
    cues = [Cue(0, "ana", Write("hello"))]
    cues += [Cue(HOUR * hour, "ben", Reply(0, "hi")) for hour in (1, 1.5)]
    turns = [at for at, _ in turns_of(Scenario("s", [ana, ben], cues, seed=3))]
    assert len(turns) == 2
    assert HOUR < turns[0] < 1.5 * HOUR
    assert turns[0] + HOUR < turns[1]
