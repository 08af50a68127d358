"""What changes in a kernel whose scenario switches, and what does not."""

from dataclasses import dataclass, replace

import pytest
from made_worlds import drive

from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    Exponential,
    Like,
    OnPost,
    Persona,
    Scenario,
    Steps,
    Write,
    sample,
    silent,
)
from simnet.errors import ScenarioError
from simnet.kernel.kernel import Kernel
from simnet.kernel.switches import cues_after, verbs_of
from simnet.scenario.switch import ScenarioSwitch
from simnet.scenario.timing.rhythms import NOTHING


def town(rhythm, *handles, lasts=HOUR, **fields):
    people = [Persona(id=handle) for handle in handles or ("ana",)]
    cohort = Cohort("town", people, rhythm=rhythm, behaviour=silent)
    return Scenario("town", [cohort], lasts=lasts, **fields)


def wakes(before, after, at):
    events = drive(before, switches=[ScenarioSwitch(at, after)]).events
    return [event.woke for event in events if event.turn is not None]


def test_who_keeps_a_rhythm_wakes_when_they_would_have():
    before = town(Exponential(5 * MINUTE), "ana", "ben", "cat")
    whole = [event.woke for event in drive(before).events]
    assert wakes(before, replace(before, setting="Another."), 20 * MINUTE) == whole


def test_who_has_another_rhythm_is_scheduled_anew_from_the_switch():
    assert wakes(town(Steps(HOUR)), town(Steps(20 * MINUTE)), 10 * MINUTE) == [
        0.0, 20 * MINUTE, 40 * MINUTE, 60 * MINUTE,
    ]  # fmt: skip
    assert wakes(town(Steps(20 * MINUTE)), town(Steps(HOUR)), 10 * MINUTE) == [0.0, HOUR]


def test_who_never_woke_and_has_another_rhythm_has_a_first_wake():
    after = town(Steps(HOUR, offset=5 * MINUTE))
    assert wakes(town(OnPost()), after, 10 * MINUTE) == [10 * MINUTE]


def test_nobody_wakes_after_an_end_that_was_brought_forward():
    steps = Steps(20 * MINUTE)
    assert wakes(town(steps), town(steps, lasts=30 * MINUTE), 25 * MINUTE) == [0.0, 20 * MINUTE]


def test_who_would_have_woken_after_the_end_wakes_if_it_is_put_off():
    steps = Steps(40 * MINUTE)
    after = town(steps, lasts=2 * HOUR)
    assert wakes(town(steps), after, 50 * MINUTE) == [n * 40 * MINUTE for n in range(4)]


@dataclass(frozen=True)
class Sometimes:
    """Wake at 20 minutes with a chance, and again 30 minutes after a turn with a chance."""

    triggered_by = NOTHING
    first_chance: float = 0.5
    next_chance: float = 0.0

    def first(self, who, draw):
        return 20 * MINUTE if draw() < self.first_chance else None

    def after(self, who, turn, now, draw):
        return now + 30 * MINUTE if draw() < self.next_chance else None

    def triggered(self, who, now, draw):
        return now


def test_who_had_no_first_wake_is_asked_for_one_again_and_nobody_else():
    handles = [f"m{number}" for number in range(40)]
    before = town(Sometimes(), *handles)
    early = {event.who for event in drive(before).events}
    other = town(Sometimes(), *handles, seed=1)
    late = {event.who for event in drive(other).events}
    assert 10 < len(early) < 30
    assert late - early
    both = drive(before, switches=[ScenarioSwitch(10 * MINUTE, other)]).events
    assert {event.who for event in both} == early | late
    done = drive(before, switches=[ScenarioSwitch(30 * MINUTE, other)]).events
    assert {(e.who, e.turn) for e in done} == {(who, 0) for who in early | late}
    assert {e.woke for e in done if e.who in late - early} == {30 * MINUTE}


def test_who_stopped_after_a_turn_is_not_asked_again():
    handles = [f"m{number}" for number in range(40)]
    rhythm = Sometimes(first_chance=1.0, next_chance=0.5)
    before, after = town(rhythm, *handles), town(rhythm, *handles, seed=1)
    whole = {(e.who, e.turn) for e in drive(before).events}
    assert 50 < len(whole) < 70
    switched = drive(before, switches=[ScenarioSwitch(30 * MINUTE, after)]).events
    assert {(e.who, e.turn) for e in switched} == whole


def test_a_turn_under_way_at_the_switch_lands_once_by_the_new_rhythm():
    before, after = town(Steps(HOUR)), town(Steps(5 * MINUTE), lasts=12 * MINUTE)
    assert wakes(before, after, 30.0) == [0.0, 5 * MINUTE, 10 * MINUTE]


def test_cues_that_both_scenarios_have_keep_their_numbers():
    cues = [Cue(10 * MINUTE, "ana", Write(text)) for text in ("one", "two")]
    new = Cue(10 * MINUTE, "ana", Write("new"))
    before = town(OnPost(), cues=cues)
    after = town(OnPost(), cues=[new, cues[1], Cue(MINUTE, "ana", Write("too late"))])
    events = drive(before, switches=[ScenarioSwitch(5 * MINUTE, after)]).events
    assert [(event.cue, event.text) for event in events] == [(1, "two"), (2, "new")]


def test_scenarios_switch_several_times_in_one_world():
    one, two = town(Steps(HOUR)), town(Steps(10 * MINUTE))
    switches = [ScenarioSwitch(15 * MINUTE, two), ScenarioSwitch(35 * MINUTE, one)]
    events = drive(one, switches=switches).events
    assert [event.woke / MINUTE for event in events] == [0, 20, 30, 60]


def test_a_scenario_that_cannot_follow_is_refused():
    with pytest.raises(ScenarioError, match="has other members"):
        Kernel(town(OnPost()), [ScenarioSwitch(1.0, town(OnPost(), "ben"))])


def test_a_decision_under_way_may_use_the_class_that_a_verb_had_before_the_switch():
    class Earlier(Write):
        """The verb as its module defined it before it was loaded again."""

    before = Scenario("s", [Cohort("a", [Persona(id="ana")], verbs=(Earlier,))])
    after = Scenario("s", [Cohort("a", [Persona(id="ana")], verbs=(Write,))])
    gone = Scenario("s", [Cohort("a", [Persona(id="ana")], verbs=(Like,))])
    verbs = verbs_of(before, {})
    assert verbs == {"a": {Earlier}}
    assert verbs_of(after, verbs) == {"a": {Write, Earlier}}
    assert verbs_of(gone, verbs) == {"a": {Like}}


def test_each_cue_is_compared_with_those_of_its_time_and_person_alone(monkeypatch):
    people = sample(10)
    cues = [Cue(1.0 + number, people[number % 10].id, Write(f"{number}")) for number in range(500)]
    after = Scenario("town", [Cohort("people", people)], cues, lasts=600.0)
    compared = []
    equal = Cue.__eq__
    monkeypatch.setattr(Cue, "__eq__", lambda one, other: compared.append(one) or equal(one, other))
    dropped, added = cues_after(dict(enumerate(cues)), ScenarioSwitch(0.5, after))
    assert (dropped, added) == (set(), [])
    assert len(compared) == len(cues)
