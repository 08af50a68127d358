"""Every verb: what it does, and why it may be refused. A refusal leaves the world as it was."""

import pytest
from made_worlds import do, refused, world

from simnet import Action, Feed, Follow, Like, Pass, Quote, Reply, Repost, Write
from simnet.verbs import (
    EVERY_VERB,
    MEMBER,
    MODERATOR,
    Block,
    CreateGroup,
    Dislike,
    Dismiss,
    JoinGroup,
    Label,
    LeaveGroup,
    Message,
    Mute,
    Pin,
    React,
    Reinstate,
    Remove,
    Report,
    SearchMembers,
    SearchPosts,
    SendToGroup,
    Suspend,
    Trend,
    Unblock,
    UndoDislike,
    Unfollow,
    Unlike,
    Unmute,
)
from simnet.world.actions import RELATIONS
from simnet.world.verbs import RELATION_OF
from simnet.world.verbs.posting import LONGEST_TEXT

ANA, BEN = 0, 1


@pytest.fixture
def place():
    """A world where ben wrote post 0."""
    made = world(follows=[("ana", "ben"), ("cat", "ben")])
    do(made, "ben", Write("a bridge is closed"), 10.0)
    return made


def test_names_of_verbs_are_unique_and_sets_are_part_of_all():
    assert len({verb.verb for verb in EVERY_VERB}) == len(EVERY_VERB)
    assert set(MEMBER) | set(MODERATOR) <= set(EVERY_VERB)


# -- words ----------------------------------------------------------------------------


def test_writing_begins_a_thread(place):
    event = do(place, "ana", Write("hello"), 20.0)
    assert (event.made, event.root, event.text) == (1, 1, "hello")
    post = place.posts[1]
    assert (post.author, post.text, post.at, post.parent) == ("ana", "hello", 20.0, None)


def test_a_reply_joins_the_thread_and_tells_the_author(place):
    do(place, "ana", Reply(0, "since when?"))
    event = do(place, "cat", Reply(1, "yesterday"))
    assert (event.post, event.made, event.root, event.whom) == (1, 2, 0, "ana")
    assert place.posts[0].replies == place.posts[1].replies == 1
    assert place.posts[2].shown().to == "ana"
    assert place.mentions == {BEN: [1], ANA: [2]}


def test_a_reply_to_oneself_tells_nobody(place):
    do(place, "ben", Reply(0, "as I said"))
    assert not place.mentions
    assert not place.triggered


def test_a_quote_begins_a_thread_that_shows_the_other_post(place):
    event = do(place, "ana", Quote(0, "look"))
    assert (event.post, event.made, event.root, event.whom) == (0, 1, 1, "ben")
    assert place.posts[1].shown().quoted == "a bridge is closed"
    assert place.posts[0].reposts == 1


def test_a_quote_of_a_removed_post_shows_it_no_more(place):
    do(place, "ana", Quote(0, "look"))
    assert place.posts[1].shown().quoted == "a bridge is closed"
    do(place, "dan", Remove(0))
    assert place.posts[1].shown().quoted is None


def test_a_repost_enters_the_timeline_once(place):
    event = do(place, "ana", Repost(0))
    assert (event.post, event.made, event.root, event.whom) == (0, None, 0, "ben")
    assert [(who, post.id) for who, post in place.timeline] == [(BEN, 0), (ANA, 0)]
    assert refused(place, "ana", Repost(0)) == "you reposted 0 already"
    assert place.posts[0].reposts == 1


def test_every_built_in_verb_says_what_it_is_to_a_post_or_member():
    relations = {}
    for name, relation in RELATION_OF.items():
        relations.setdefault(relation, set()).add(name)
    assert relations == {
        "post": {"write", "post_to"},
        "reply": {"reply"},
        "quote": {"quote"},
        "repost": {"repost"},
        "reaction": {"like", "dislike", "react"},
        "retraction": {"unlike", "undislike"},
        "label": {"label"},
        "removal": {"remove"},
        "moderation": {"report", "dismiss", "pin", "suspend", "suspend_for", "reinstate", "warn"},
        "message": {"message", "send"},
        "tie": {"follow", "unfollow", "mute", "unmute", "block", "unblock",
                "create", "join", "leave",
                "create_community", "join_community", "leave_community"},
        "none": {"search", "find", "trend", "pass"},
    }  # fmt: skip
    assert set(relations) == set(RELATIONS)


def test_a_verb_with_another_relation_is_refused_when_it_is_declared():
    with pytest.raises(TypeError, match=r"Answer.relation is 'answer'; choose post, reply, quote"):

        class Answer(Action):
            relation = "answer"


def test_to_pass_changes_nothing(place):
    before = place.digest()
    do(place, "ana", Pass())
    assert place.digest() == before


@pytest.mark.parametrize(
    "action",
    [
        Write(" \n"),
        Reply(0, ""),
        Quote(0, "\t"),
        Report(0, ""),
        Label(0, " "),
        SearchPosts(""),
        SearchMembers(" "),
        Message("ben", ""),
        CreateGroup("  "),
    ],
)
def test_no_verb_says_nothing(place, action):
    assert refused(place, "ana", action) == "there is no text"


def test_half_a_character_is_refused_for_no_file_can_hold_it(place):
    assert "surrogate" in refused(place, "ana", Write("a bridge \ud83c"))


@pytest.mark.parametrize("make", [Write, lambda t: Reply(0, t), lambda t: Message("ben", t)])
def test_no_text_is_longer_than_a_post_holds(place, make):
    do(place, "ana", make("x" * LONGEST_TEXT))
    why = refused(place, "ana", make("x" * (LONGEST_TEXT + 1)))
    assert why == f"the text has {LONGEST_TEXT + 1} characters; a post holds {LONGEST_TEXT}"


NEEDS_SIGHT = [
    Reply(0, "t"),
    Quote(0, "t"),
    Repost(0),
    Like(0),
    Dislike(0),
    React(0, "love"),
    Report(0, "t"),
]
NEEDS_POST = [*NEEDS_SIGHT, Unlike(0), UndoDislike(0), Label(0, "t"), Remove(0), Dismiss(0), Pin(0)]


@pytest.mark.parametrize("action", NEEDS_POST, ids=lambda a: a.verb)
def test_nobody_acts_on_a_post_that_is_not_there(action):
    place = world()
    for number in (0, -1, 10**18):
        missing = type(action)(number, *(["t"] if hasattr(action, "text") else []),
                               *(["love"] if hasattr(action, "feeling") else []))  # fmt: skip
        assert refused(place, "ana", missing) == f"there is no post {number}"


@pytest.mark.parametrize("action", NEEDS_POST, ids=lambda a: a.verb)
def test_nobody_acts_on_a_removed_post(place, action):
    do(place, "ana", Like(0))
    do(place, "dan", Remove(0))
    assert refused(place, "ana", action) == "post 0 was removed"


@pytest.mark.parametrize("action", NEEDS_SIGHT, ids=lambda a: a.verb)
def test_a_block_either_way_stands_between_a_member_and_a_post(place, action):
    do(place, "ana", Block("ben"))
    assert refused(place, "ana", action) == "you blocked @ben"
    do(place, "ana", Unblock("ben"))
    do(place, "ben", Block("ana"))
    assert refused(place, "ana", action) == "@ben blocked you"


@pytest.mark.parametrize("action", NEEDS_SIGHT, ids=lambda a: a.verb)
def test_posts_of_the_suspended_are_out_of_reach(place, action):
    do(place, "dan", Suspend("ben"))
    assert refused(place, "ana", action) == "@ben is suspended"


# -- reactions ------------------------------------------------------------------------


def test_a_member_has_one_reaction_and_a_new_one_takes_its_place(place):
    post = place.posts[0]
    do(place, "ana", Like(0))
    do(place, "cat", Like(0))
    assert (post.likes, post.dislikes, post.feelings) == (2, 0, None)
    do(place, "ana", Dislike(0))
    assert (post.likes, post.dislikes) == (1, 1)
    event = do(place, "ana", React(0, "angry"))
    assert event.text == "angry"
    assert (post.likes, post.dislikes, post.feelings) == (1, 0, {"angry": 1})
    assert post.reactions() == 2
    do(place, "ana", Like(0))
    assert (post.likes, post.feelings) == (2, {})


@pytest.mark.parametrize(
    ("action", "why"),
    [
        (Like(0), "you gave post 0 your like already"),
        (Dislike(0), "you gave post 0 your dislike already"),
        (React(0, "sad"), "you gave post 0 your sad already"),
    ],
)
def test_a_reaction_counts_once(place, action, why):
    do(place, "ana", action)
    assert refused(place, "ana", action) == why


def test_a_reaction_is_taken_back_once(place):
    do(place, "ana", Like(0))
    assert refused(place, "ana", UndoDislike(0)) == "you have no dislike on post 0"
    do(place, "ana", Unlike(0))
    assert refused(place, "ana", Unlike(0)) == "you have no like on post 0"
    do(place, "ana", Dislike(0))
    do(place, "ana", UndoDislike(0))
    assert (place.posts[0].likes, place.posts[0].dislikes, place.reactions) == (0, 0, {})


def test_a_report_puts_a_post_on_the_desk_once(place):
    event = do(place, "ana", Report(0, "rude"))
    do(place, "cat", Report(0, "false"))
    assert (event.post, event.whom, event.text) == (0, "ben", "rude")
    assert (place.report_queue, place.posts[0].reports) == ([0], 2)


# -- ties -----------------------------------------------------------------------------


def test_one_follows_and_unfollows(place):
    do(place, "dan", Follow("ben"))
    assert place.network.follows(3, BEN)
    assert refused(place, "dan", Follow("ben")) == "you follow @ben already"
    do(place, "dan", Unfollow("ben"))
    assert not place.network.follows(3, BEN)
    assert refused(place, "dan", Unfollow("ben")) == "you do not follow @ben"


def test_one_cannot_follow_past_a_block_or_a_suspension(place):
    do(place, "ben", Block("dan"))
    assert refused(place, "dan", Follow("ben")) == "@ben blocked you"
    do(place, "ana", Suspend("cat"))
    assert refused(place, "dan", Follow("cat")) == "@cat is suspended"


@pytest.mark.parametrize("verb", [Follow, Unfollow, Mute, Unmute, Block, Unblock])
def test_ties_need_someone_else(place, verb):
    assert refused(place, "ana", verb("ana")) == "that is yourself"
    assert refused(place, "ana", verb("zoe")) == "there is no @zoe"


def test_one_mutes_and_unmutes(place):
    assert refused(place, "ana", Unmute("ben")) == "you did not mute @ben"
    do(place, "ana", Mute("ben"))
    assert refused(place, "ana", Mute("ben")) == "you muted @ben already"
    do(place, "ana", Unmute("ben"))
    assert not place.hidden_from(ANA)


def test_a_block_drops_the_ties_and_hides_both(place):
    do(place, "ben", Follow("ana"))
    do(place, "ana", Block("ben"))
    assert [row.tolist() for row in place.network.edge_arrays()] == [[2], [BEN]]
    assert place.hidden_from(ANA) == {BEN}
    assert place.hidden_from(BEN) == {ANA}
    assert refused(place, "ana", Block("ben")) == "you blocked @ben already"
    do(place, "ana", Unblock("ben"))
    assert not place.hidden_from(ANA)
    assert not place.hidden_from(BEN)
    assert not place.network.follows(ANA, BEN)
    assert refused(place, "ana", Unblock("ben")) == "you did not block @ben"


def test_a_reply_from_someone_muted_tells_nobody(place):
    do(place, "ben", Mute("ana"))
    do(place, "ana", Reply(0, "why?"))
    assert not place.mentions


# -- searching ------------------------------------------------------------------------


def test_a_search_finds_the_newest_posts_with_all_words(place):
    for text in ("The BRIDGE opens", "no such thing", "bridge tolls, closed lanes"):
        do(place, "cat", Write(text))
    do(place, "ana", SearchPosts("Bridge closed"))
    assert place.findings[ANA] == (
        ("found @cat: bridge tolls, closed lanes", "found @ben: a bridge is closed"),
        ("cat", "ben"),
    )


def test_a_search_finds_nothing_hidden_or_removed(place):
    do(place, "ana", Mute("ben"))
    do(place, "ana", SearchPosts("bridge"))
    assert place.findings[ANA] == (("nothing found for 'bridge'",), ())
    do(place, "dan", Remove(0))
    do(place, "cat", SearchPosts("bridge"))
    assert place.findings[2] == (("nothing found for 'bridge'",), ())


def test_members_are_found_by_part_of_their_handle(place):
    do(place, "ana", SearchMembers("@AN"))
    assert place.findings[ANA] == (("found member @dan",), ("dan",))
    do(place, "ana", Block("dan"))
    do(place, "ana", SearchMembers("an"))
    assert place.findings[ANA] == (("nobody found for 'an'",), ())


def test_a_trend_is_what_most_react_to(place):
    do(place, "cat", Write("soup"))
    do(place, "ana", Like(1))
    do(place, "dan", Trend())
    assert place.findings[3][1] == ("cat", "ben")
    assert place.findings[3][0][0] == "trending @cat: soup"


def test_in_a_silent_world_nothing_is_trending():
    place = world()
    do(place, "ana", Trend())
    assert place.findings[ANA] == (("nothing is trending",), ())


# -- talking --------------------------------------------------------------------------


def test_a_message_reaches_one_member_alone(place):
    event = do(place, "ana", Message("ben", "hi"), 30.0)
    assert (event.whom, event.text) == ("ben", "hi")
    assert [(m.sender, m.group, m.text, m.at) for m in place.mail[BEN]] == [
        ("ana", None, "hi", 30.0)
    ]
    assert place.triggered == [(BEN, "message")]


def test_a_message_needs_a_reader_who_may_be_reached(place):
    assert refused(place, "ana", Message("zoe", "hi")) == "there is no @zoe"
    assert refused(place, "ana", Message("ana", "hi")) == "that is yourself"
    do(place, "ben", Block("ana"))
    assert refused(place, "ana", Message("ben", "hi")) == "@ben blocked you"


def test_a_group_is_created_joined_and_left(place):
    event = do(place, "ana", CreateGroup(" runners "))
    assert (event.group_name, event.text) == ("runners", " runners ")
    assert refused(place, "ben", CreateGroup("runners")) == "there is a group 'runners' already"
    do(place, "ben", JoinGroup("runners"))
    assert refused(place, "ben", JoinGroup("runners")) == "you are in 'runners' already"
    assert list(place.groups["runners"]) == [ANA, BEN]
    do(place, "ana", LeaveGroup("runners"))
    assert refused(place, "ana", LeaveGroup("runners")) == "you are not in 'runners'"
    assert list(place.groups["runners"]) == [BEN]


def test_a_groups_name_is_short(place):
    do(place, "ana", CreateGroup("x" * 64))
    why = refused(place, "ana", CreateGroup("y" * 65))
    assert why == "a group's name has at most 64 characters"


@pytest.mark.parametrize("action", [JoinGroup("g"), LeaveGroup("g"), SendToGroup("g", "hi")])
def test_a_group_has_to_be_there(place, action):
    assert refused(place, "ana", action) == "there is no group 'g'"


def test_a_word_to_a_group_reaches_the_others_who_want_it(place):
    do(place, "ana", CreateGroup("g"))
    assert refused(place, "cat", SendToGroup("g", "hi")) == "you are not in 'g'"
    for who in ("ben", "cat", "dan"):
        do(place, who, JoinGroup("g"))
    do(place, "dan", Mute("ana"))
    do(place, "cat", Block("ana"))
    do(place, "ana", SendToGroup("g", "hi"))
    assert {who: [m.group for m in mail] for who, mail in place.mail.items()} == {BEN: ["g"]}


def test_who_is_in_a_group_sees_it_however_many_there_are(place):
    def named(who):
        return place.observe(who, place.now, Feed(), turn=0, seed=0)[0].groups

    for number in range(5):
        do(place, "dan", CreateGroup(f"group {number}"))
    assert named("cat") == tuple(f"group {number}" for number in range(5))
    do(place, "ana", CreateGroup("zebras"))
    do(place, "ben", JoinGroup("zebras"))
    assert named("ben") == ("group 0", "group 1", "group 2", "group 3", "zebras")
    assert named("cat") == tuple(f"group {number}" for number in range(5))
    do(place, "ana", SendToGroup("zebras", "hi"))
    for number in range(5):
        do(place, "ben", JoinGroup(f"group {number}"))
    assert "zebras" in named("ben"), "a message of it is in view"


# -- moderating -----------------------------------------------------------------------


def test_a_label_is_shown_and_settles_reports(place):
    do(place, "ana", Report(0, "false"))
    event = do(place, "dan", Label(0, "disputed"))
    assert (event.whom, event.text) == ("ben", "disputed")
    assert place.posts[0].shown().label == "disputed"
    assert (place.report_queue, place.posts[0].reports) == ([], 0)


def test_a_removed_post_leaves_the_desk(place):
    do(place, "ana", Report(0, "false"))
    do(place, "dan", Remove(0))
    assert place.posts[0].removed
    assert not place.report_queue


def test_a_dismissed_report_lets_the_post_stand(place):
    assert refused(place, "dan", Dismiss(0)) == "post 0 is not reported"
    do(place, "ana", Report(0, "false"))
    dismissed = do(place, "dan", Dismiss(0))
    assert (dismissed.post, dismissed.root, dismissed.whom) == (0, 0, place.posts[0].author)
    assert not place.report_queue
    assert not place.posts[0].removed


def test_a_post_is_pinned_once(place):
    do(place, "dan", Pin(0))
    assert refused(place, "dan", Pin(0)) == "post 0 is pinned already"


@pytest.mark.parametrize("action", [Write("hi"), Pass(), Like(0), Follow("cat"), Reinstate("ben")])
def test_the_suspended_can_do_nothing(place, action):
    do(place, "dan", Suspend("ben"))
    assert refused(place, "ben", action) == "@ben is suspended"


def test_a_suspension_ends_with_a_reinstatement(place):
    assert refused(place, "dan", Reinstate("ben")) == "@ben is not suspended"
    do(place, "dan", Suspend("ben"))
    assert refused(place, "dan", Suspend("ben")) == "@ben is suspended already"
    do(place, "dan", Reinstate("ben"))
    do(place, "ben", Write("back"))


@pytest.mark.parametrize("verb", [Suspend, Reinstate])
def test_moderators_need_a_member(place, verb):
    assert refused(place, "dan", verb("zoe")) == "there is no @zoe"
