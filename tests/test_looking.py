"""What is in one view."""

import pytest
from made_worlds import do, world

from simnet import Feed, Follow, Quote, Reply, Repost, Write
from simnet.feeds import everything
from simnet.rankings import chronological
from simnet.verbs import Block, CreateGroup, Message, Mute, Remove, SearchMembers, Suspend
from simnet.world.feeds.view import MAIL, UNREAD

ANA, BEN, CAT = "ana", "ben", "cat"


@pytest.fixture
def place():
    """Ana wrote post 0; nobody follows anybody."""
    made = world()
    do(made, "ana", Write("mine"), 1.0)
    return made


def seen(place, viewer=ANA, turn=0, **feed):
    return place.observe(viewer, 99.0, Feed(**feed), turn=turn, seed=5)


def numbers(found):
    view, _ = found
    return [post.id for post in view.posts]


def test_a_view_says_whose_it_is_and_when(place):
    view = place.observe(BEN, 99.0, Feed(), turn=4, seed=5, refused=("like: no",))[0]
    assert (view.who, view.turn, view.now, view.seed) == ("ben", 4, 99.0, 5)
    assert view.refused == ("like: no",)
    assert (view.posts, view.messages, view.news, view.suggested, view.groups) == ((),) * 5


def test_answers_to_ones_posts_come_first_and_once(place):
    do(place, "ben", Reply(0, "first"), 2.0)
    do(place, "cat", Quote(0, "second"), 3.0)
    do(place, "dan", Write("else"), 4.0)
    view, showing = found = seen(place, reads=everything)
    assert numbers(found) == [2, 1, 3]
    assert view.why == ("quoted you", "replied to you", "")
    assert showing.rankers == ("mention", "mention", "chronological")
    assert showing.scores == (3.0, 2.0, 4.0)
    assert numbers(seen(place, reads=everything, turn=1)) == []


def test_answers_take_half_of_the_feed_at_most(place):
    for at in range(9):
        do(place, "ben", Reply(0, f"{at}"), 2.0 + at)
    do(place, "dan", Write("else"), 20.0)
    view, showing = seen(place, size=5, reads=everything)
    assert showing.rankers.count("mention") == 3
    assert len({post.id for post in view.posts}) == len(view.posts) == 5


def test_answers_beyond_the_tokens_of_a_feed_wait(place):
    for at in range(3):
        do(place, "ben", Reply(0, f"{at}" * 400), 2.0 + at)
    looks = [numbers(seen(place, size=6, tokens=50, turn=turn)) for turn in range(4)]
    assert looks == [[3], [2], [1], []]


def test_the_newest_answers_wait_and_older_ones_are_dropped(place):
    for at in range(UNREAD + 20):
        do(place, "ben", Reply(0, f"{at}"), 2.0 + at)
    looks = [numbers(seen(place, size=1, turn=turn)) for turn in range(UNREAD + 20)]
    newest = UNREAD + 20
    assert looks[: UNREAD + 1] == [[newest - number] for number in range(UNREAD + 1)]
    assert looks[UNREAD + 1 :] == [[]] * 19


@pytest.mark.parametrize("fresh", [True, False])
def test_no_post_is_twice_in_one_view(place, fresh):
    do(place, "ben", Reply(0, "hi"), 2.0)
    do(place, "dan", Write("else"), 3.0)
    assert numbers(seen(place, reads=everything, fresh=fresh)) == [1, 2]


@pytest.mark.parametrize(
    "hide", [("ana", Mute("ben")), ("ana", Block("ben")), ("ben", Block("ana")),
             ("dan", Suspend("ben")), ("dan", Remove(1))]
)  # fmt: skip
def test_answers_that_are_hidden_by_now_are_not_shown(place, hide):
    do(place, "ben", Reply(0, "hi"), 2.0)
    do(place, *hide)
    assert numbers(seen(place, reads=everything)) == []


def test_a_conversation_reads_from_its_beginning_and_keeps_its_facts(place):
    do(place, "dan", Write("else"), 2.0)
    do(place, "ben", Reply(0, "hi"), 3.0)
    do(place, "cat", Write("more"), 4.0)
    _, showing = found = seen(place, reads=everything, oldest_first=True)
    assert numbers(found) == [1, 2, 3]
    assert showing.scores == (2.0, 3.0, 4.0)
    assert showing.rankers == ("chronological", "mention", "chronological")


def test_mail_is_read_some_at_a_time_and_once(place):
    for number in range(MAIL + 2):
        do(place, "ben", Message("ana", f"{number}"))
    read = [[m.text for m in seen(place, turn=turn)[0].messages] for turn in range(3)]
    assert read == [["0", "1", "2", "3", "4"], ["5", "6"], []]


@pytest.mark.parametrize(
    "hide", [("ana", Mute("ben")), ("ana", Block("ben")), ("ben", Block("ana")),
             ("dan", Suspend("ben"))]
)  # fmt: skip
def test_mail_from_someone_hidden_is_not_read(place, hide):
    do(place, "ben", Message("ana", "hello"))
    do(place, "cat", Message("ana", "hi"))
    do(place, *hide)
    assert [message.sender for message in seen(place)[0].messages] == ["cat"]


def test_what_one_searched_is_in_the_next_view_alone(place):
    do(place, "ana", SearchMembers("ben"))
    view, _ = seen(place)
    assert (view.news, view.suggested) == (("found member @ben",), ("ben",))
    assert seen(place, turn=1)[0].news == ()


def test_a_post_says_who_passed_it_on_unless_that_is_its_author(place):
    do(place, "ben", Write("passed on by oneself"), 2.0)
    do(place, "ben", Repost(1), 3.0)
    do(place, "cat", Write("passed on by another"), 4.0)
    do(place, "ben", Repost(2), 5.0)
    do(place, "dan", Follow("ben"), 6.0)
    view, _ = found = seen(place, "dan")
    assert dict(zip(numbers(found), view.why, strict=True)) == {1: "", 2: "reposted by @ben"}


def test_groups_are_listed_by_name(place):
    for name in ("walkers", "bakers"):
        do(place, "ana", CreateGroup(name))
    assert seen(place, BEN)[0].groups == ("bakers", "walkers")


def test_a_ranker_is_known_by_its_name(place):
    class Loud:
        def __call__(self, world, viewer, posts, now):
            return [0.0] * len(posts)

    for ranking, name in ((chronological, "chronological"), (Loud(), "Loud")):
        _, showing = seen(place, CAT, reads=everything, fresh=False, ranking=ranking)
        assert showing.rankers == (name,)


def test_what_was_seen_long_ago_is_forgotten(place):
    feed = Feed(reads=everything, size=2, candidates=2, window=10.0)
    for number in range(60):
        do(place, "ben", Write(f"{number}"), 100.0 + number)
        place.observe(ANA, 100.0 + number, feed, turn=number, seed=0)
    assert len(place.seen[place.index[ANA]]) <= 4 * feed.candidates + feed.size + 10
