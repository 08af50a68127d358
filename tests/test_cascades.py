"""How far a post came."""

from collections import Counter
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_worlds import drive, random_scenario

from simnet import HOUR, MINUTE, Cohort, Cue, Event, Persona, Scenario, Steps, Write, rules, run
from simnet.analysis.cascade_tree import cascade_tree, structural_virality
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
        exposures=3, viewers=2, reach=3, structural_virality=7 / 3,
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
    with pytest.raises(RecordError, match=r"posts were made by note, .* give `run.relations`"):
        cascade(noted, exposures(), 0)
    assert cascade(noted, exposures(), 0, {"note": "reply"}).size == 1
    assert cascade(noted, exposures(), 0, {"note": "none"}).size == 0
    arms = {"one": (noted, exposures())}
    assert compare(arms, by="ana", relations={"note": "reply"})["size"].to_pylist() == [1]


def walked(events, shown, post):
    """Count a cascade the slow way: (size, depth, largest level)."""
    via = {(one.who, one.turn, one.post): one.via for one in shown}
    depth_of = {("post", post): 0}
    depths = []
    for e in events:
        key = ("post", e.post)
        if e.outcome == "done" and e.verb in {"reply", "quote", "repost"} and key in depth_of:
            if e.verb == "repost":
                key = (via.get((e.who, e.turn, e.post)), e.post)
                key = key if key in depth_of else ("post", e.post)
                depth_of[e.who, e.post] = depth_of[key] + 1
            else:
                depth_of["post", e.made] = depth_of[key] + 1
            depths.append(depth_of[key] + 1)
    widths = Counter(depths)
    return len(depths), max(depths, default=0), max(widths.values(), default=0)


@given(st.integers(0, 5_000))
@settings(max_examples=15, deadline=None)
def test_cascades_of_any_run_agree_with_a_walk(number):
    played = drive(random_scenario(number), chance=Random(number))
    shown = [one for showing in played.exposure_batches for one in showing.exposures()]
    events, seen = table("events", played.events), table("exposures", shown)
    made = [e.made for e in played.events if e.made is not None and e.outcome == "done"]
    for post in made[:20]:
        found = cascade(events, seen, post)
        assert (found.size, found.depth, found.breadth) == walked(played.events, shown, post)
        assert found.viewers == len({one.who for one in shown if one.post == post})
        assert found.viewers <= found.reach


def chain(*spread):
    """Make a post by ana and reposts of it: (who, via) each, two seconds after the look."""
    rows, looks = [event(0, "ana", "write", made=0)], []
    for number, (who, via) in enumerate(spread, 1):
        looks.append(Exposure(4.0 * number, who, 0, 0, 0, 0.0, "x", via))
        rows.append(event(4 * number + 2, who, "repost", post=0))
    return table("events", rows), table("exposures", looks)


def test_reposts_form_a_tree_of_who_saw_it_by_whom():
    events, shown = chain(("ben", None), ("cat", "ben"), ("dan", "cat"), ("eve", "ben"))
    tree = cascade_tree(events, shown, 0).to_pydict()
    assert tree["parent"] == [None, 0, 1, 2, 1]
    assert tree["from_whom"] == [None, "ana", "ben", "cat", "ben"]
    assert tree["depth"] == [0, 1, 2, 3, 2]
    found = cascade(events, shown, 0)
    assert (found.size, found.depth, found.breadth) == (4, 3, 2)


def test_the_last_look_before_a_repost_counts():
    events, shown = chain(("ben", None), ("cat", "ben"))
    more = [
        Exposure(9.0, "cat", 1, 0, 0, 0.0, "x", None),
        Exposure(99.0, "cat", 2, 0, 0, 0.0, "x", "ben"),
    ]
    both = pa.concat_tables([table("exposures", more), shown])
    assert cascade_tree(events, both, 0)["parent"].to_pylist() == [None, 0, 0]
    assert cascade_tree(events, shown, 0)["parent"].to_pylist() == [None, 0, 1]


def test_a_repost_by_way_of_somebody_who_did_not_repost_is_below_the_post():
    events, shown = chain(("cat", "zoe"))
    assert cascade_tree(events, shown, 0)["parent"].to_pylist() == [None, 0]
    assert cascade_tree(events, shown.drop_columns("via"), 0)["parent"].to_pylist() == [None, 0]


@pytest.mark.parametrize("count", [2, 3, 10, 500])
def test_structural_virality_of_stars_and_chains_is_that_of_the_paper(count):
    """Goel et al. 2016: a star's is 2 in the limit; a chain's grows with its length."""
    assert structural_virality([-1] + [0] * (count - 1)) == pytest.approx(2 - 2 / count)
    assert structural_virality(range(-1, count - 1)) == pytest.approx((count + 1) / 3)


def test_structural_virality_of_a_small_tree_by_hand():
    # a - b, b - c, b - d: distances 1, 2, 2, 1, 1, 2
    assert structural_virality([-1, 0, 1, 1]) == 9 / 6
    assert structural_virality([-1]) is None


@given(st.lists(st.integers(0, 10_000), max_size=40))
def test_structural_virality_is_the_wiener_index_over_the_pairs(numbers):
    networkx = pytest.importorskip("networkx")
    parents = [-1] + [number % place for place, number in enumerate(numbers, 1)]
    tree = networkx.Graph([(node, above) for node, above in enumerate(parents) if above >= 0])
    if not numbers:
        assert structural_virality(parents) is None
        return
    pairs = len(parents) * (len(parents) - 1) / 2
    expected = networkx.wiener_index(tree) / pairs
    assert structural_virality(parents) == pytest.approx(expected)


def test_a_chain_of_followers_is_recorded_as_a_chain(tmp_path):
    """Each member follows the one before, and everybody reposts what they see."""
    handles = [f"p{number}" for number in range(8)]
    people = [Persona(id=handle) for handle in handles]
    cohort = Cohort("chain", people, behaviour=rules.reposts(rules.chance(1)),
                    rhythm=Steps(MINUTE), reacts_in=1.0)  # fmt: skip
    ties = list(zip(handles[1:], handles[:-1], strict=True))
    cues = [Cue(0.5, "p0", Write("Pass it on."))]
    one = run(Scenario("chain", [cohort], cues, ties=ties, lasts=HOUR), backend="fake", ray=False,
              out=tmp_path)  # fmt: skip
    found = cascade(one.read("events"), one.read("exposures"), 0)
    assert (found.size, found.depth, found.breadth) == (7, 7, 1)
    assert found.structural_virality == 3.0
    assert {row["via"] for row in one.read("exposures").to_pylist()} == {None, *handles[1:-1]}
