"""Communities of a forum: joining, posting, reading; and karma."""

import re

import pytest
from made_worlds import do, drive, refused, view, world

from simnet import (
    HOUR,
    Cohort,
    Cue,
    Feed,
    Like,
    Pass,
    Persona,
    Reply,
    Repost,
    Scenario,
    Steps,
    Write,
)
from simnet.agents.formats.reply_grammar import ReplyFormat
from simnet.errors import ModelError
from simnet.feeds import both, communities, community, everything, following
from simnet.inference.fakes.fake import plausible
from simnet.kernel.record_replay import rebuild
from simnet.verbs import (
    CreateCommunity,
    Dislike,
    JoinCommunity,
    LeaveCommunity,
    PostTo,
    UndoDislike,
    Unlike,
)

FORUM = (CreateCommunity, JoinCommunity, LeaveCommunity, PostTo, Pass)


@pytest.fixture
def place():
    found = world(follows=[("dan", "ana")])
    do(found, "ana", CreateCommunity("gardens"))
    do(found, "ben", JoinCommunity("gardens"))
    return found


def shown(place, who, reads, **fields):
    view, _ = place.observe(who, place.now, Feed(reads=reads, **fields), turn=0, seed=0)
    return [post.id for post in view.posts]


def test_a_post_to_a_community_is_in_its_feed_and_not_in_that_of_followers(place):
    event = do(place, "ana", PostTo("gardens", "Roses!"))
    assert (event.group_name, event.made, event.text) == ("gardens", 0, "Roses!")
    assert shown(place, "ben", communities) == [0]
    assert shown(place, "dan", following) == []
    assert shown(place, "cat", communities) == []
    assert shown(place, "cat", community("gardens")) == [0]
    assert shown(place, "cat", community("none")) == []
    assert shown(place, "dan", everything) == [0]


def test_replies_stay_in_the_community_and_reposts_leave_it(place):
    do(place, "ana", PostTo("gardens", "Roses!"))
    do(place, "cat", Reply(0, "Tulips!"))
    assert shown(place, "ben", communities) == [1, 0]
    do(place, "ana", Repost(1))
    assert shown(place, "dan", following) == [1]
    view, _ = place.observe("dan", 0.0, Feed(reads=everything, fresh=False), turn=1, seed=0)
    assert {post.community for post in view.posts} == {"gardens"}


def test_the_feed_mixes_communities_by_time_and_ends_with_leaving(place):
    do(place, "cat", CreateCommunity("bikes"))
    do(place, "ben", JoinCommunity("bikes"))
    for who, where in (("ana", "gardens"), ("cat", "bikes"), ("ana", "gardens")):
        do(place, who, PostTo(where, "hi"))
    assert shown(place, "ben", communities, fresh=False) == [2, 1, 0]
    assert shown(place, "ben", both(communities, following), fresh=False, size=2) == [2, 1]
    do(place, "ben", LeaveCommunity("gardens"))
    assert shown(place, "ben", communities, fresh=False) == [1]


@pytest.mark.parametrize(
    ("who", "action", "reason"),
    [
        ("cat", CreateCommunity("gardens"), "there is a community 'gardens' already"),
        ("cat", CreateCommunity("x" * 65), "at most 64 characters"),
        ("ben", JoinCommunity("gardens"), "you are in 'gardens' already"),
        ("ben", JoinCommunity("bikes"), "there is no community 'bikes'"),
        ("cat", LeaveCommunity("gardens"), "you are not in 'gardens'"),
        ("cat", PostTo("gardens", "hi"), "you are not in 'gardens'; join it first"),
        ("ben", PostTo("gardens", "  "), "there is no text"),
    ],
)
def test_what_a_forum_refuses(place, who, action, reason):
    assert reason in refused(place, who, action)


def test_karma_is_likes_less_dislikes_by_others(place):
    do(place, "ana", PostTo("gardens", "Roses!"))
    for who in ("ana", "ben", "cat"):
        do(place, who, Like(0))
    do(place, "dan", Dislike(0))
    assert place.forum.karma[0] == 1
    do(place, "dan", UndoDislike(0))
    do(place, "ben", Unlike(0))
    assert place.forum.karma[0] == 1
    do(place, "cat", Dislike(0))  # in place of the like
    assert place.forum.karma[0] == -1
    view, _ = place.observe("ana", 0.0, Feed(karma=True), turn=0, seed=0)
    assert view.news == ("your karma is -1",)
    assert place.observe("ben", 0.0, Feed(karma=True), turn=0, seed=0)[0].news == (
        "your karma is 0",
    )


def test_a_view_names_ones_communities_first_then_the_largest_others(place):
    for number in range(10):
        do(place, "cat", CreateCommunity(f"c{number}"))
    do(place, "dan", JoinCommunity("c7"))
    do(place, "ben", JoinCommunity("c3"))
    view, _ = place.observe("ben", 0.0, Feed(), turn=0, seed=0)
    assert view.communities == ("c3", "gardens", "c7", "c0", "c1", "c2", "c4", "c5")


def test_a_model_chooses_communities_by_number_after_groups():
    form = ReplyFormat(FORUM, 280, 10, 1)
    seen = view(groups=("choir",), communities=("gardens", "bikes"))
    assert form.parse("join_community 2", seen) == [JoinCommunity("gardens")]
    assert form.parse("post_to 3: Hi!", seen) == [PostTo("bikes", "Hi!")]
    with pytest.raises(ModelError, match="no such community"):
        form.parse("join_community 1", seen)
    assert "post_to (2|3): " in form.pattern(seen)
    assert "join_community" not in form.pattern(view(groups=("choir",)))


def test_a_forum_is_played_and_rebuilt():
    prompts = []

    def reply(prompt):
        prompts.append(prompt.user)
        liked = len(prompts) % 3 == 0 and re.search("^1 @", prompt.user, re.MULTILINE)
        return "like 1" if liked else plausible(prompt)

    people = [Persona(id=f"p{number}") for number in range(5)]
    feed = Feed(reads=communities, karma=True)
    cohort = Cohort("c", people, verbs=(*FORUM, Like, Reply), rhythm=Steps(600.0), feed=feed,
                    text_limit=20)  # fmt: skip
    cues = [Cue(0.0, "p0", CreateCommunity("gardens")), Cue(1.0, "p0", PostTo("gardens", "Hi!"))]
    scenario = Scenario("forum", [cohort], cues, lasts=6 * HOUR)
    played = drive(scenario, reply)
    done = {event.verb for event in played.events if event.outcome == "done"}
    assert {"join_community", "post_to", "like", "reply"} <= done
    assert any('Communities:\n1 "gardens"' in prompt for prompt in prompts)
    assert any('@p0 in "gardens": "Hi!"' in prompt for prompt in prompts)
    assert any("your karma is 1" in prompt for prompt in prompts)
    rebuilt = rebuild(scenario, played.events, played.exposures())
    assert rebuilt.digest() == played.kernel.world.digest()


def test_memberships_posts_and_karma_are_part_of_the_hash(place):
    digests = {place.digest()}
    for who, action in (
        ("cat", JoinCommunity("gardens")), ("cat", PostTo("gardens", "hi")), ("ben", Like(0)),
        ("ben", LeaveCommunity("gardens")), ("ben", Write("hi")),
    ):  # fmt: skip
        do(place, who, action)
        digests.add(place.digest())
    assert len(digests) == 6
