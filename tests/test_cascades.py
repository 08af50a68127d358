"""How far a post came."""

from random import Random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_worlds import drive, random_scenario

from simnet import Event
from simnet.analysis.cascades import Cascade, cascade, compare, first_post
from simnet.errors import RecordError
from simnet.recording.schema import arrow_schema
from simnet.world.events import Exposure


def event(at, who, verb, post=None, made=None, outcome="done"):
    return Event(
        float(at), None, who, "people", 0, None, 0, verb, outcome, None, post, made, None, None,
        None, None, None, (), (),
    )  # fmt: skip


def table(name, rows):
    return pa.Table.from_pylist([row._asdict() for row in rows], schema=arrow_schema(name))


def exposures(*pairs):
    return table("exposures", [Exposure(0.0, who, 0, post, 0, 0.0, "x") for who, post in pairs])


EVENTS = [
    event(10, "ana", "write", made=0),
    event(20, "ben", "reply", post=0, made=1),
    event(30, "cat", "repost", post=0),
    event(35, "dan", "repost", post=0, outcome="refused"),
    event(40, "dan", "like", post=0),
    event(50, "dan", "quote", post=1, made=2),
    event(60, "ana", "write", made=3),
    event(70, "ben", "reply", post=3, made=4),
    event(90, "ana", "reply", post=2, made=5),
    event(95, "ben", "repost", post=5),
]


def test_a_cascade_is_what_was_made_of_a_post():
    shown = exposures(("ben", 0), ("cat", 0), ("cat", 0), ("eve", 2), ("eve", 3), ("fay", 4))
    assert cascade(table("events", EVENTS), shown, 0) == Cascade(
        post=0, time=10.0, size=5, depth=4, breadth=2, members=4, half=40.0, lasted=85.0,
        exposures=3, viewers=2, reach=3,
    )  # fmt: skip
    assert cascade(table("events", EVENTS), shown, 2)[:6] == (2, 50.0, 2, 2, 1, 2)


def test_a_post_nobody_answered_is_a_cascade_of_nothing():
    found = cascade(table("events", EVENTS), exposures(), 4)
    assert found == Cascade(4, 70.0, 0, 0, 0, 0, None, None, 0, 0, 0)


def test_a_post_that_nobody_made_is_named():
    with pytest.raises(RecordError, match="no event made post 99"):
        cascade(table("events", EVENTS), exposures(), 99)
    with pytest.raises(RecordError, match="@zoe posted nothing"):
        first_post(table("events", EVENTS), "zoe")


def test_arms_are_compared_row_by_row():
    arms = {
        "calm": (table("events", EVENTS[:1]), exposures()),
        "wild": (table("events", EVENTS), exposures(("ben", 0))),
    }
    found = compare(arms, by="ana").to_pydict()
    assert found["arm"] == ["calm", "wild"]
    assert found["size"] == [0, 5]
    assert found["half"] == [None, 40.0]
    assert found["viewers"] == [0, 1]


def test_a_verb_of_ones_own_counts_as_its_relation_says():
    noted = table("events", [*EVENTS[:1], event(20, "ben", "note", post=0, made=1)])
    assert cascade(noted, exposures(), 0).size == 0
    assert cascade(noted, exposures(), 0, {"note": "reply"}).size == 1
    assert cascade(noted, exposures(), 0, {"note": "none"}).size == 0
    arms = {"one": (noted, exposures())}
    assert compare(arms, by="ana", relations={"note": "reply"})["size"].to_pylist() == [1]


def walked(events, post):
    """Count a cascade the slow way: (size, depth, largest level)."""
    levels = [{post}]
    sizes = []
    while True:
        below = [
            e for e in events
            if e.outcome == "done" and e.verb in {"reply", "quote", "repost"}
            and e.post in levels[-1]
        ]  # fmt: skip
        if not below:
            return sum(sizes), len(sizes), max(sizes, default=0)
        sizes.append(len(below))
        levels.append({e.made for e in below if e.made is not None})


@given(st.integers(0, 5_000))
@settings(max_examples=15, deadline=None)
def test_cascades_of_any_run_agree_with_a_walk(number):
    played = drive(random_scenario(number), chance=Random(number))
    shown = [one for showing in played.exposure_batches for one in showing.exposures()]
    events, seen = table("events", played.events), table("exposures", shown)
    made = [e.made for e in played.events if e.made is not None and e.outcome == "done"]
    for post in made[:20]:
        found = cascade(events, seen, post)
        assert (found.size, found.depth, found.breadth) == walked(played.events, post)
        assert found.viewers == len({one.who for one in shown if one.post == post})
        assert found.viewers <= found.reach
