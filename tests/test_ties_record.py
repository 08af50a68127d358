"""Who followed whom, and since when: the `network` table."""

import pytest

from simnet import MINUTE, Cohort, Cue, FakeModel, Follow, Persona, Run, Scenario, Steps, run
from simnet.recording.row_types import Edge
from simnet.recording.schema import encode
from simnet.recording.writing.recorder import Recorder
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replay import replay
from simnet.verbs import Block, Unfollow

DID = [
    (MINUTE, "ana", Follow("cem")),
    (2 * MINUTE, "ana", Follow("ben")),  # is there: refused
    (3 * MINUTE, "ana", Unfollow("ben")),
    (4 * MINUTE, "cem", Follow("ana")),
    (5 * MINUTE, "ana", Block("cem")),  # drops both ties
    (6 * MINUTE, "ana", Follow("ben")),
]
CHANGED = [
    (1, MINUTE, "ana", "cem", "follow"),
    (2, 3 * MINUTE, "ana", "ben", "unfollow"),
    (3, 4 * MINUTE, "cem", "ana", "follow"),
    (4, 5 * MINUTE, "ana", "cem", "unfollow"),
    (5, 5 * MINUTE, "cem", "ana", "unfollow"),
    (6, 6 * MINUTE, "ana", "ben", "follow"),
]


def friends(*more):
    people = [Persona(id=name, description=f"I am {name}.") for name in ("ana", "ben", "cem")]
    crowd = Cohort("people", people, rhythm=Steps(3 * MINUTE), reacts_in=MINUTE)
    cues = [Cue(at, who, does) for at, who, does in (*DID, *more)]
    return Scenario("friends", [crowd], cues, ties=[("ana", "ben")], lasts=9 * MINUTE, seed=1)


@pytest.fixture
def recorded(tmp_path):
    return run(friends(), model=FakeModel(), out=tmp_path)


def rows(opened):
    return [tuple(row.values()) for row in opened.table("network").to_table().to_pylist()]


def test_it_holds_the_first_ties_and_each_change(recorded):
    assert rows(recorded) == [(0, 0.0, "ana", "ben", "initial"), *CHANGED]


def test_a_fork_has_all_changes_too(recorded):
    later = (8 * MINUTE, "ben", Follow("ana"))
    child = recorded.fork(
        at=4.5 * MINUTE, scenario=friends(later), before=friends(), model=FakeModel()
    )
    assert rows(child) == [*rows(recorded), (7, 8 * MINUTE, "ben", "ana", "follow")]


def test_a_replay_compares_them(recorded):
    assert replay(recorded, ScenarioTimeline(friends())).differences == ()
    other = recorded.path.parent / "other"
    recorded.path.rename(other)
    with Recorder(other) as recorder:
        recorder.append("network", encode("network", [Edge(7, 8 * MINUTE, "ben", "ana", "follow")]))
        recorder.seal()
    (difference,) = replay(Run.open(other), ScenarioTimeline(friends())).differences
    assert difference == ("network: row 6: @ben at 00:08:00: was recorded and is not made again")
