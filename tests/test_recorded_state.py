"""State of verbs of one's own as a table of the record."""

import json
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

import pyarrow.compute as pc
import pytest
from made_worlds import do, drive, refused, world

from simnet import (
    Action,
    Cohort,
    Cue,
    Effect,
    FakeModel,
    Never,
    Persona,
    Scenario,
    Steps,
    run,
    silent,
)
from simnet.errors import ActionError, DivergenceError, ScenarioError
from simnet.kernel.kernel import Kernel
from simnet.kernel.record_replay import rebuild
from simnet.recording.checking.verify import verify
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replay import replay
from simnet.verbs import Bounds, Member
from simnet.world.state.recorded_state import RecordedState

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*nobody in .* follows anyone:simnet.errors.ScenarioWarning"
)


@dataclass(frozen=True, slots=True)
class StateOpinion(Action):
    """Say where one stands, from against to for."""

    verb: ClassVar[str] = "state_opinion"
    records: ClassVar[tuple[str, ...]] = ("opinions",)
    value: Annotated[float, Bounds(-1, 1)]

    def do(self, world, who, now):
        world.kept["opinions"][world.handles[who]] = self.value
        return Effect()


@dataclass(frozen=True, slots=True)
class Thank(Action):
    """Thank someone."""

    verb: ClassVar[str] = "thank"
    records: ClassVar[tuple[str, ...]] = ("thanks", "rich")
    whom: Member

    def do(self, world, who, now):
        thanks = world.kept["thanks"].setdefault(self.whom, [])
        if world.handles[who] in thanks:
            raise ActionError("you thanked them already")
        thanks.append(world.handles[who])
        if len(thanks) > 1:
            world.kept["rich"][world.member(self.whom), 1] = {"n": len(thanks)}
        return Effect(whom=self.whom)


@dataclass(frozen=True, slots=True)
class Forget(Action):
    """Drop an opinion; the verb itself declares nothing."""

    verb: ClassVar[str] = "forget"

    def do(self, world, who, now):
        if world.kept["opinions"].pop(world.handles[who], None) is None:
            raise ActionError("you have no opinion")
        return Effect()


@dataclass(frozen=True, slots=True)
class Reset(Action):
    """Put another mapping in the place of the opinions."""

    verb: ClassVar[str] = "reset"

    def do(self, world, who, now):
        world.kept["opinions"] = {"ben": 0.0}
        return Effect()


def changes(place):
    found = [tuple(change) for change in place.state_changes]
    place.state_changes.clear()
    return found


def test_each_change_of_an_entry_is_a_change_of_state():
    place = world()
    do(place, "ana", StateOpinion(0.5))
    do(place, "ben", StateOpinion(-1.0))
    do(place, "ana", StateOpinion(0.5))
    assert changes(place) == [("opinions", "ana", "0.5"), ("opinions", "ben", "-1.0")]
    do(place, "ana", Forget())
    assert changes(place) == [("opinions", "ana", None)]
    do(place, "ana", Reset())
    assert changes(place) == [("opinions", "ben", "0.0")]
    do(place, "ben", StateOpinion(0.25))
    assert changes(place) == [("opinions", "ben", "0.25")]


def test_what_is_changed_inside_an_entry_is_noticed():
    place = world()
    do(place, "ana", Thank("ben"))
    do(place, "cat", Thank("ben"))
    assert changes(place) == [
        ("thanks", "ben", '["ana"]'),
        ("thanks", "ben", '["ana", "cat"]'),
        ("rich", "[1, 1]", '{"n": 2}'),
    ]
    assert refused(place, "ana", Thank("ben")) == "you thanked them already"
    assert changes(place) == []


def test_recorded_state_is_part_of_the_hash_by_its_values():
    one, other, third = world(), world(), world()
    do(one, "ana", StateOpinion(0.5))
    do(other, "ana", StateOpinion(0.25))
    assert one.digest() != other.digest()
    third.kept["opinions"]["ana"] = 0.5  # held in a plain dict
    assert one.digest() == third.digest()


class Point(NamedTuple):
    x: int


def test_the_hash_has_no_names_of_classes_in_it():
    digests = set()
    Renamed = NamedTuple("Renamed", [("other", int)])  # noqa: UP014
    for value in (Point(1), Renamed(1), (1,)):
        place = world()
        place.kept["points"]["ana"] = value
        digests.add(place.digest())
    assert len(digests) == 1
    place.kept["points"]["ana"] = [1]
    assert place.digest() not in digests


@pytest.mark.parametrize("value", [float("nan"), object(), b"bytes"])
def test_a_value_that_json_cannot_hold_is_named(value):
    state = RecordedState("votes", {"ana": value})
    with pytest.raises(ScenarioError, match=r"world.kept\['votes'\]\['ana'\] is .*JSON cannot"):
        state.take_changes()


def test_sets_numbers_of_numpy_and_named_tuples_become_lists_and_numbers():
    import numpy as np

    state = RecordedState("x", {"a": {3, 1}, "b": np.float64(0.5), "c": [np.int64(2), Point(4)]})
    found = [json.loads(change.value) for change in state.take_changes()]
    assert found == [[1, 3], 0.5, [2, [4]]]


def test_a_verb_whose_records_are_no_names_is_refused():
    with pytest.raises(TypeError, match="give a tuple of names"):
        type("Odd", (Action,), {"records": "opinions"})


def town():
    async def swaying(me, view, ask):
        return StateOpinion(round((view.turn % 5 - 2) / 2, 2))

    people = [Persona(id=f"p{number}") for number in range(4)]
    verbs = (StateOpinion, Forget)
    cohorts = [
        Cohort("sway", people[:2], behaviour=swaying, verbs=verbs, rhythm=Steps(60.0),
               reacts_in=1.0),
        Cohort("rest", people[2:], behaviour=silent, rhythm=Steps(60.0), reacts_in=1.0),
    ]  # fmt: skip
    cues = [Cue(90.0, "p0", Thank("p1")), Cue(100.0, "p1", Forget())]
    return Scenario("opinions", cohorts, cues, lasts=600.0)


def test_changes_become_numbered_rows_and_are_rebuilt():
    played = drive(town())
    rows = played.kernel.take_rows().state
    assert [row.number for row in rows] == list(range(len(rows)))
    assert rows[:2] == [(0, 1.0, "opinions", "p0", "-1.0"), (1, 1.0, "opinions", "p1", "-1.0")]
    assert (5, 100.0, "opinions", "p1", None) in rows
    rebuilt = rebuild(town(), played.events, played.exposures())
    assert rebuilt.digest() == played.kernel.world.digest()


@dataclass(frozen=True, slots=True)
class Pay(Action):
    """Pay from one's purse, which is checked too late."""

    verb: ClassVar[str] = "pay"
    records: ClassVar[tuple[str, ...]] = ("purses",)
    amount: int

    def do(self, world, who, now):
        purses = world.kept["purses"]
        purses[world.handles[who]] = purses.get(world.handles[who], 10) - self.amount
        if self.amount > 5:
            raise RuntimeError("that is much")
        return Effect()


def test_what_a_rule_changed_before_it_failed_is_recorded():
    people = Cohort("people", [Persona(id="ann")], rhythm=Never())
    cues = [Cue(float(at), "ann", Pay(amount)) for at, amount in enumerate((1, 7, 1))]
    kernel = Kernel(Scenario("market", [people], cues, lasts=9.0), fails_turns=True)
    kernel.advance(1)
    rows = kernel.take_rows()
    assert [row.outcome for row in rows.events] == ["done", "failed", "done"]
    assert [(row.time, row.value) for row in rows.state] == [(0, "9"), (1, "2"), (2, "1")]
    assert kernel.world.kept["purses"] == {"ann": 1}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return run(town(), model=FakeModel(), ray=False, out=tmp_path_factory.mktemp("runs"))


def opinions(rows):
    return [(row["time"], row["key"], row["value"]) for row in rows if row["name"] == "opinions"]


def test_the_table_is_recorded_and_replayed(whole):
    table = whole.read("state").to_pylist()
    assert list(table[0]) == ["number", "time", "name", "key", "value"]
    assert table[4] == {
        "number": 4, "time": 90.0, "name": "thanks", "key": "p1", "value": '["p0"]',
    }  # fmt: skip
    played = drive(town()).kernel
    assert [tuple(row.values()) for row in table] == played.take_rows().state
    replayed = replay(whole, ScenarioTimeline(town()))
    assert replayed.differences == ()
    assert replayed.state_hash == whole.manifest.state_hash == played.world.digest()
    assert [problem for check in verify(whole) for problem in check.problems] == []


def test_a_replay_that_makes_other_state_differs_and_says_where(whole, monkeypatch):
    def do(self, world, who, now):
        world.kept["opinions"][world.handles[who]] = -self.value
        return Effect()

    monkeypatch.setattr(StateOpinion, "do", do)
    differences = replay(whole, ScenarioTimeline(town())).differences
    assert any(
        one.startswith("state: row 0: opinions[p0] at 00:00:01: value was '-1.0', is '1.0'")
        for one in differences
    )


def test_a_fork_has_the_state_of_its_parent_and_goes_on(whole):
    child = whole.fork(at=300.0, scenario=town(), before=town(), model=FakeModel())
    assert child.read("state").equals(whole.read("state"))
    assert 0 < len(child.read("state").filter(pc.field("time") >= 300.0)) < len(whole.read("state"))


def test_a_fork_or_resume_that_makes_other_state_stops_before_it_is_recorded(whole, monkeypatch):
    def do(self, world, who, now):
        world.kept["opinions"][world.handles[who]] = -self.value
        return Effect()

    monkeypatch.setattr(StateOpinion, "do", do)
    with pytest.raises(DivergenceError, match=r"state: row 0: opinions\[p0\] at 00:00:01: value"):
        whole.fork(at=300.0, scenario=town(), before=town(), model=FakeModel())
