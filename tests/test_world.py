"""The two writers, and that a world is rebuilt from what they did."""

from dataclasses import dataclass
from itertools import cycle
from typing import ClassVar, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_worlds import do, network, world
from world_replay import replay

from simnet import Action, Effect, Event, Feed, Like, PostId, Quote, Reply, Text, Write
from simnet.errors import ActionError, DivergenceError, RecordError, ScenarioError
from simnet.feeds import everything
from simnet.verbs import EVERY_VERB, CreateGroup, Group, Member, Message, React, SearchPosts, Trend
from simnet.world.actions import fields_of
from simnet.world.event_codec import decode_action, encode_action

HANDLES = ("ana", "ben", "cat", "dan")
KINDS = {
    "post": st.integers(-1, 12),
    "member": st.sampled_from([*HANDLES, "zoe"]),
    "group": st.sampled_from(["a", "b", "none"]),
    "community": st.sampled_from(["a", "b", "none"]),
    "text": st.sampled_from(["a", "b", " ", "x" * 10_001, "\ud800\x00", "hi @ben and @cat #tag"]),
}


@dataclass(frozen=True, slots=True)
class Rate(Action):
    """Give a post stars, and say why."""

    verb: ClassVar[str] = "rate"
    post: PostId
    stars: Literal["one", "two"]
    text: Text

    def do(self, world, who, now):
        if self.text == "b":
            raise ActionError("b is no reason")
        post = world.visible_post(who, self.post)
        made = world.publish(who, f"{self.stars}: {self.text}", now, quotes=post)
        return Effect(post.id, made.id, made.root, post.author)


@dataclass(frozen=True, slots=True)
class Introduce(Action):
    """Make two members follow each other."""

    verb: ClassVar[str] = "introduce"
    one: Member
    other: Member
    group: Group
    mood: Literal["warm", "cool"]

    def do(self, world, who, now):
        one, other = world.member(self.one), world.member(self.other)
        if one == other:
            raise ActionError("that is one member")
        world.network.follow(one, other)
        return Effect(whom=self.other, extra='{"note": 1}')


VERBS = (*EVERY_VERB, Rate, Introduce)


def actions_of(verb):
    values = {
        field.name: st.sampled_from(field.choices) if field.choices else KINDS[field.kind]
        for field in fields_of(verb)
    }
    return st.builds(verb, **values)


actions = st.one_of(*map(actions_of, VERBS))
follows = st.lists(st.tuples(st.sampled_from(HANDLES), st.sampled_from(HANDLES)), max_size=6)
steps = st.lists(st.tuples(st.sampled_from(HANDLES), actions, st.floats(0, 9)), max_size=60)
looks = st.lists(st.sampled_from([None, *HANDLES]), max_size=9)
"""Who looks before each step, if anyone."""
FEED = Feed(reads=everything, size=2, candidates=2, window=60.0)


@settings(max_examples=150)
@given(follows, steps, looks)
def test_replaying_whatever_was_tried_and_shown_gives_the_same_world(ties, tried, lookers):
    place = world(HANDLES, ties)
    history = []
    for turn, ((who, action, wait), looker) in enumerate(zip(tried, cycle(lookers or [None]))):
        if looker is not None:
            history.append(place.observe(looker, place.now, FEED, turn=turn, seed=turn)[1])
        before = place.digest()
        event = place.apply(who, action, place.now + wait, turn=turn, marks=("m",), shown=(1,))
        assert isinstance(event, Event)
        assert (event.who, event.verb, event.time, event.turn) == (
            who,
            action.verb,
            place.now,
            turn,
        )
        assert (event.outcome == "done") == (event.reason is None)
        assert event.outcome == "done" or place.digest() == before
        assert decode_action(type(action), event) == action
        history.append(event)
    start = network(HANDLES, ties)
    again = replay(history, HANDLES, ["people"] * 4, start, VERBS, {"people": FEED})
    assert again.digest() == place.digest()


@settings(max_examples=60)
@given(follows, steps)
def test_counts_equal_what_was_done(ties, tried):
    place = world(HANDLES, ties)
    for who, action, _ in tried:
        place.apply(who, action, 0.0)
    given = list(place.reactions.items())
    for post in place.posts:
        mine = [reaction for (_, number), reaction in given if number == post.id]
        feelings = {f: mine.count(f) for f in set(mine) - {"like", "dislike"}}
        assert (post.likes, post.dislikes) == (mine.count("like"), mine.count("dislike"))
        assert (post.feelings or {}) == feelings
        assert post.replies == sum(other.parent == post.id for other in place.posts)
        parent = post if post.parent is None else place.posts[post.parent]
        assert post.root == parent.root
        assert parent.id <= post.id
        assert (post.id in place.report_queue) == (post.reports > 0)


def test_time_never_runs_backwards():
    place = world()
    do(place, "ana", Write("now"), 5.0)
    do(place, "ana", Write("at once"), 5.0)
    before = place.digest()
    with pytest.raises(ValueError, match=r"time runs backwards: 4.9 after 5.0"):
        place.apply("ana", Write("before"), 4.9)
    assert place.digest() == before


def test_what_is_forbidden_is_refused_whatever_the_rule_says():
    place = world()
    event = place.apply("ana", Write("hi"), 0.0, forbidden="not today")
    assert (event.outcome, event.reason, event.text) == ("refused", "not today", "hi")
    assert not place.posts


def test_an_event_says_what_its_action_belongs_to():
    place = world()
    event = place.apply("ana", Write("hi"), 9.0, woke=8.0, turn=3, part=1, marks=("m",), shown=(4,))
    assert event == Event(
        time=9.0, woke=8.0, who="ana", cohort="people", turn=3, cue=None, part=1, verb="write",
        outcome="done", reason=None, post=None, made=0, root=0, whom=None, group_name=None,
        text="hi", extra=None, marks=("m",), shown=(4,),
    )  # fmt: skip


def test_worlds_that_differ_have_other_digests():
    digests = {world().digest(), world(follows=[("ana", "ben")]).digest()}
    place = world()
    for who, action in [
        ("ana", Write("hi")),
        ("ben", Like(0)),
        ("ben", React(0, "sad")),
        ("ben", CreateGroup("g")),
    ]:
        do(place, who, action)
        digests.add(place.digest())
    assert len(digests) == 6


@pytest.mark.parametrize(
    ("who", "action"),
    [
        ("ben", Write("seen")),
        ("ben", Reply(0, "a mention")),
        ("ben", Quote(0, "a mention")),
        ("ben", Message("ana", "mail")),
        ("ana", SearchPosts("mine")),
        ("ana", Trend()),
    ],
)
def test_a_look_that_takes_something_changes_the_digest(who, action):
    place = world()
    do(place, "ana", Write("mine"))
    place.observe("ana", 0.0, Feed(reads=everything), turn=0, seed=0)
    do(place, who, action)
    before = place.digest()
    place.observe("ana", 0.0, Feed(reads=everything), turn=1, seed=0)
    taken = place.digest()
    assert taken != before
    place.observe("ana", 0.0, Feed(reads=everything), turn=2, seed=0)
    assert place.digest() == taken


def test_nobody_looks_before_what_was_done_last():
    place = world()
    do(place, "ana", Write("now"), 5.0)
    with pytest.raises(ValueError, match=r"time runs backwards: 4.0 after 5.0"):
        place.observe("ben", 4.0, Feed(), turn=0, seed=0)


def test_a_look_whose_ranking_fails_changes_nothing():
    place = world()
    do(place, "ana", Write("mine"))
    do(place, "ben", Reply(0, "a mention"))
    do(place, "cat", Write("a candidate"))
    before = place.digest()
    feed = Feed(reads=everything, ranking=lambda world, viewer, posts, now: [])
    with pytest.raises(ScenarioError, match="gave 0 scores"):
        place.observe("ana", 1.0, feed, turn=0, seed=0)
    assert place.digest() == before


def test_a_verb_whose_rule_raises_is_named():
    @dataclass(frozen=True, slots=True)
    class Crash(Action):
        verb: ClassVar[str] = "crash"

        def do(self, world, who, now):
            return world.no_such_thing

    with pytest.raises(ScenarioError, match=r"verb 'crash' raised AttributeError: .*no_such"):
        world().apply("ana", Crash(), 0.0)


def test_a_choice_is_told_in_the_column_for_text_or_in_extra():
    assert encode_action(React(3, "sad"), Effect()) == Effect(post=3, text="sad")
    rated = encode_action(Rate(3, "two", "fine"), Effect(whom="ben"))
    assert rated == Effect(post=3, whom="ben", text="fine", extra='{"stars": "two"}')


def test_fields_without_a_column_join_what_the_rule_put_into_extra():
    place = world()
    event = do(place, "ana", Introduce("ben", "cat", "g", "warm"))
    assert (event.whom, event.group_name, event.text) == ("cat", "g", "warm")
    assert event.extra == '{"note": 1, "one": "ben", "other": "cat"}'


@pytest.mark.parametrize("extra", ["plainly", "[1]"])
def test_extra_holds_an_object(extra):
    with pytest.raises(ScenarioError, match=r"'introduce' put .* which holds a JSON object"):
        encode_action(Introduce("ben", "cat", "g", "warm"), Effect(extra=extra))


def test_a_verb_nobody_knows_cannot_be_replayed():
    place = world()
    events = [do(place, "ana", Write("hi")), do(place, "ana", Rate(0, "one", "a"))]
    with pytest.raises(RecordError, match=r"event 1 has the verb 'rate', which is none of write"):
        replay(events, HANDLES, ["people"] * 4, network(HANDLES))


def test_a_record_that_lacks_a_field_cannot_be_replayed():
    place = world()
    do(place, "ana", Write("hi"))
    event = do(place, "ana", Rate(0, "one", "a"))._replace(extra=None)
    with pytest.raises(RecordError, match=r"no 'stars' in `extra`, which the verb 'rate' needs"):
        decode_action(Rate, event)


@pytest.mark.parametrize("change", [{"made": 7}, {"who": "ben"}, {"cohort": "others"}])
def test_a_record_that_was_changed_diverges(change):
    place = world()
    events = [do(place, "ana", Write("hi")), do(place, "cat", Like(0))]
    events[0] = events[0]._replace(**change)
    with pytest.raises(DivergenceError, match=r"event \d was"):
        replay(events, HANDLES, ["people"] * 4, network(HANDLES))
