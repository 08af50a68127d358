"""Who sees what, and in which order."""

import math

import made_worlds
import pytest
from made_worlds import do, world

from simnet import Feed, Follow, Like, Reply, Repost, Write
from simnet.agents.formats.post_text import PostFormatter
from simnet.clock import DAY, HOUR
from simnet.errors import UserCodeError
from simnet.feeds import both, everything, following, reported
from simnet.rankings import chronological, engagement, hot, shuffled, shuffled_by, split
from simnet.verbs import (
    Block,
    Dislike,
    Label,
    Mute,
    Pin,
    React,
    Reinstate,
    Remove,
    Report,
    Suspend,
    Unblock,
    Unmute,
)
from simnet.world.feeds.feed import choose
from simnet.world.state.scenario_facts import ScenarioFacts
from simnet.world.state.world_state import RECENT

ANA, BEN, CAT, DAN = range(4)


@pytest.fixture
def place():
    """Ana follows ben and cat; ben, cat and dan wrote posts 0, 1 and 2."""
    made = world(follows=[("ana", "ben"), ("ana", "cat")])
    for at, who in enumerate(["ben", "cat", "dan"]):
        do(made, who, Write(f"by {who}"), float(at))
    return made


def seen_by(place, viewer=ANA, now=100.0, known=(), **feed):
    return [post.id for post in choose(place, viewer, Feed(**feed), now, set(known)).posts]


# -- sources --------------------------------------------------------------------------


def test_following_offers_those_one_follows(place):
    assert seen_by(place) == [1, 0]
    assert seen_by(place, DAN) == []


def test_everything_offers_everybody(place):
    assert seen_by(place, reads=everything) == [2, 1, 0]


def test_reported_offers_the_desk(place):
    assert seen_by(place, reads=reported) == []
    do(place, "ana", Report(2, "rude"))
    do(place, "ana", Report(0, "rude"))
    assert sorted(seen_by(place, BEN, reads=reported, own=True)) == [0, 2]
    do(place, "cat", Label(2, "checked"))
    assert seen_by(place, BEN, reads=reported, own=True) == [0]


def test_both_offers_either_without_repeats(place):
    do(place, "ana", Report(2, "rude"))
    do(place, "ana", Report(1, "rude"))
    assert seen_by(place, reads=both(reported, following)) == [2, 1, 0]


@pytest.mark.parametrize("limit", range(1, 5))
@pytest.mark.parametrize("other", [reported, following, everything])
@pytest.mark.parametrize("one", [reported, following, everything])
def test_no_source_offers_more_than_it_is_asked_for(place, one, other, limit):
    for number in range(3):
        do(place, "ana", Report(number, "rude"))
    for source in (one, both(one, other)):
        found = source(place, ANA, 0, limit)
        assert len(found) == len(set(found)) <= limit
        assert found


def test_following_looks_at_the_newest_of_each_author(place):
    for number in range(RECENT + 5):
        do(place, "ben", Write(f"{number}"), 10.0 + number)
    found = following(place, ANA, 0, 1000)
    assert len(found) == RECENT + 1
    assert found == sorted(found, reverse=True)
    assert len(place.timeline) - 1 in found


def test_following_keeps_the_newest_when_room_is_short(place):
    handles = [f"m{number}" for number in range(20)]
    crowd = world(["eve", *handles], [("eve", handle) for handle in handles])
    for at, handle in enumerate(handles * 2):
        do(crowd, handle, Write("t"), float(at))
    assert following(crowd, 0, 0, 7) == [39, 38, 37, 36, 35, 34, 33]
    assert following(crowd, 0, 38, 7) == [39, 38]


# -- what a feed leaves out -----------------------------------------------------------


def test_what_was_seen_is_left_out(place):
    assert seen_by(place, known=[1]) == [0]


def test_a_post_that_a_source_offers_twice_is_shown_once(place):
    def twice(world, viewer, first, limit):
        return [*everything(world, viewer, first, limit), *range(len(world.timeline))]

    do(place, "cat", Repost(0), 4.0)
    assert seen_by(place, reads=twice) == seen_by(place, reads=everything) == [0, 2, 1]


def test_a_fresh_feed_shows_a_post_once(place):
    views = [place.observe("ana", 9.0, Feed(size=1), turn=t, seed=0)[0] for t in range(3)]
    assert [[post.id for post in view.posts] for view in views] == [[1], [0], []]


def test_a_feed_that_is_not_fresh_shows_it_again(place):
    feed = Feed(size=1, fresh=False)
    views = [place.observe("ana", 9.0, feed, turn=t, seed=0)[0] for t in range(2)]
    assert [[post.id for post in view.posts] for view in views] == [[1], [1]]


def test_ones_own_posts_are_shown_on_demand(place):
    assert seen_by(place, DAN, reads=everything) == [1, 0]
    assert seen_by(place, DAN, reads=everything, own=True) == [2, 1, 0]


def test_posts_older_than_the_window_are_no_candidates(place):
    assert seen_by(place, now=1.0 + DAY, window=DAY) == [1]
    assert seen_by(place, now=1.5 + DAY, window=DAY) == []


def test_a_ranking_chooses_among_the_newest_candidates_alone(place):
    for who in ("ana", "cat", "dan"):
        do(place, who, Like(0), 5.0)
    best = {"reads": everything, "ranking": engagement(), "size": 1}
    assert seen_by(place, **best, candidates=3) == [0]
    assert seen_by(place, **best, candidates=2) == [2]


def test_a_feed_shows_no_more_than_its_size(place):
    for size in (1, 2, 3, 9):
        assert len(seen_by(place, reads=everything, size=size)) == min(size, 3)


@pytest.mark.parametrize(
    ("hide", "undo"),
    [
        (("ana", Mute("ben")), ("ana", Unmute("ben"))),
        (("ana", Block("ben")), ("ana", Unblock("ben"))),
        (("ben", Block("ana")), ("ben", Unblock("ana"))),
        (("dan", Suspend("ben")), ("dan", Reinstate("ben"))),
    ],
    ids=["mute", "block", "blocked", "suspend"],
)
@pytest.mark.parametrize("ranking", [chronological, hot, shuffled])
def test_nobody_sees_someone_hidden_until_it_is_undone(place, hide, undo, ranking):
    do(place, "cat", Repost(0))
    feed = {"reads": everything, "ranking": ranking}
    assert sorted(seen_by(place, **feed)) == [0, 1, 2]
    do(place, *hide)
    assert sorted(seen_by(place, **feed)) == [1, 2]
    do(place, *undo)
    assert sorted(seen_by(place, **feed)) == [0, 1, 2]


def test_a_repost_by_someone_hidden_does_not_bring_a_post(place):
    do(place, "cat", Repost(2))
    assert seen_by(place) == [2, 1, 0]
    do(place, "ana", Mute("cat"))
    assert seen_by(place) == [0]


def test_nobody_sees_a_removed_post(place):
    sources = (following, everything, both(following, everything))
    before = [seen_by(place, reads=reads) for reads in sources]
    assert all(1 in shown for shown in before)
    do(place, "dan", Remove(1))
    after = [seen_by(place, reads=reads) for reads in sources]
    assert after == [[post for post in shown if post != 1] for shown in before]


def test_a_repost_says_who_passed_it_on(place):
    do(place, "cat", Repost(2))
    chosen = choose(place, ANA, Feed(), 9.0, set())
    why = {post.id: why for post, why in zip(chosen.posts, chosen.why, strict=True)}
    assert why == {0: "", 1: "", 2: "reposted by @cat"}


def test_a_new_tie_brings_posts_and_a_block_takes_them(place):
    do(place, "dan", Follow("ben"))
    assert seen_by(place, DAN) == [0]
    do(place, "dan", Block("ben"))
    do(place, "dan", Unblock("ben"))
    assert seen_by(place, DAN) == []


@pytest.mark.parametrize("ranking", [chronological, hot, engagement(), shuffled])
def test_a_pinned_post_comes_first(place, ranking):
    do(place, "dan", Pin(0))
    found = seen_by(place, reads=everything, ranking=ranking, size=2)
    assert found[0] == 0
    assert len(found) == 2


# -- rankings -------------------------------------------------------------------------


def scores(place, ranking, viewer=ANA, now=100.0):
    return dict(enumerate(ranking(place, viewer, place.posts, now)))


def test_hot_is_the_order_of_magnitude_of_votes_plus_a_point_per_twelve_and_a_half_hours():
    place = world([f"m{number}" for number in range(120)])
    do(place, "m0", Write("old"), 0.0)
    do(place, "m0", Write("bad"), 0.0)
    for number in range(1, 101):
        do(place, f"m{number}", Like(0))
    for number in range(1, 11):
        do(place, f"m{number}", Dislike(1))
    do(place, "m0", Write("new"), 2 * 45_000.0)
    assert scores(place, hot) == pytest.approx({0: 2.0, 1: -1.0, 2: 2.0})


def test_engagement_halves_with_its_half_life(place):
    do(place, "dan", Write("later"), 2.0 + HOUR)
    do(place, "ana", Like(2))
    do(place, "cat", React(2, "love"))
    do(place, "cat", Reply(2, "yes"))
    do(place, "cat", Repost(2))
    found = scores(place, engagement(half_life=HOUR))
    assert found[2] - 2.0 / HOUR == pytest.approx(math.log2(1 + 2 + 2 + 3))
    assert found[3] - found[0] == pytest.approx(1 + 2.0 / HOUR)
    assert engagement().__name__ == "by_engagement"


def test_an_order_by_engagement_does_not_depend_on_when_one_looks(place):
    do(place, "ana", Like(0))
    orders = {
        tuple(seen_by(place, reads=everything, ranking=engagement(), now=now))
        for now in (5.0, HOUR, DAY)
    }
    assert len(orders) == 1


def test_a_shuffle_depends_on_viewer_and_moment_alone(place):
    for number in range(20):
        do(place, "ben", Write(f"{number}"), 10.0)
    feed = {"reads": everything, "ranking": shuffled, "size": 30, "own": True}
    one = seen_by(place, **feed)
    assert one == seen_by(place, **feed)
    assert one != seen_by(place, **feed, now=101.0)
    assert one != seen_by(place, BEN, **feed)
    assert sorted(one) == sorted(seen_by(place, BEN, **feed))


def test_a_split_gives_each_viewer_one_side_for_good():
    handles = [f"m{number}" for number in range(400)]

    def one(world, viewer, posts, now):
        return [1.0] * len(posts)

    def other(world, viewer, posts, now):
        return [2.0] * len(posts)

    place = made_worlds.world(handles)
    do(place, "m0", Write("t"))
    ranking = split(0.25, one, other)
    sides = [
        ranking(place, viewer, place.posts, now)[0] for now in (1.0, 9.0) for viewer in range(400)
    ]
    assert sides[:400] == sides[400:]
    assert 60 <= sides[:400].count(1.0) <= 140
    larger = made_worlds.world(["new", *handles])
    do(larger, "m0", Write("t"))
    assert [ranking(larger, v, larger.posts, 1.0)[0] for v in range(1, 401)] == sides[:400]
    elsewhere = split(0.25, one, other, key="again")
    assert [elsewhere(place, v, place.posts, 1.0)[0] for v in range(400)] != sides[:400]


def test_sides_and_shuffles_follow_the_seed_of_the_scenario_unless_they_have_their_own():
    place, again = made_worlds.world("abcdefgh"), made_worlds.world("abcdefgh")
    for town in (place, again):
        do(town, "a", Write("x"))
        do(town, "b", Write("y"))
    again.facts = ScenarioFacts(seed=1)

    def sides(town, **options):
        ranking = split(0.5, chronological, hot, **options)
        return [ranking.side(town, viewer) for viewer in range(8)]

    assert sides(place) != sides(again)
    assert sides(place, seed=3) == sides(again, seed=3)
    one, other = (shuffled(town, 0, town.posts, 9.0) for town in (place, again))
    assert one != other
    fixed = [shuffled_by(7)(town, 0, town.posts, 9.0) for town in (place, again)]
    assert fixed[0] == fixed[1]


@pytest.mark.parametrize(("share", "side"), [(0.0, 2.0), (1.0, 1.0)])
def test_a_split_may_give_all_to_one_side(place, share, side):
    ranking = split(share, lambda w, v, p, n: [1.0] * len(p), lambda w, v, p, n: [2.0] * len(p))
    assert {ranking(place, v, place.posts, 1.0)[0] for v in range(4)} == {side}


def test_equal_scores_show_the_newer_first(place):
    assert seen_by(place, reads=everything, ranking=lambda w, v, p, n: [0.0] * len(p)) == [2, 1, 0]


# -- rankings that are wrong ----------------------------------------------------------


def too_many(world, viewer, posts, now):
    return [1.0] * (len(posts) + 1)


def not_a_number(world, viewer, posts, now):
    return [math.nan] * len(posts)


def broken(world, viewer, posts, now):
    return [post.fame for post in posts]


@pytest.mark.parametrize(
    ("ranking", "message"),
    [
        (too_many, "ranking too_many gave 4 scores for 3 posts"),
        (not_a_number, "ranking not_a_number gave a score that is not a number"),
        (broken, "ranking broken raised AttributeError: 'Post' object has no attribute 'fame'"),
    ],
)
def test_a_wrong_ranking_is_named(place, ranking, message):
    with pytest.raises(UserCodeError, match=rf"{message} \(@\w+; .*test_feeds\.py:\d+: "):
        seen_by(place, reads=everything, ranking=ranking)


# -- sources that are wrong -----------------------------------------------------------


def nothing(world, viewer, first, limit):
    return None


def in_words(world, viewer, first, limit):
    return "ab"


def halves(world, viewer, first, limit):
    return [0.5]


def with_a_look(world, viewer, first, limit, look):
    return [look.cohort]


@pytest.mark.parametrize(
    "within",
    [
        lambda source: source,
        lambda source: both(source, everything),
        lambda source: both(reported, source),
        lambda source: both(both(source, reported), everything),
    ],
)
@pytest.mark.parametrize(
    ("source", "message"),
    [
        (nothing, "source nothing returned None; return a list with the numbers of entries"),
        (in_words, "source in_words returned 'ab'; return a list with the numbers of entries"),
        (halves, "source halves returned 0.5 among entries of the timeline"),
        (with_a_look, r"source with_a_look returned '\w+' among entries of the timeline"),
    ],
)
def test_a_wrong_source_is_named_wherever_it_is(place, source, message, within):
    with pytest.raises(UserCodeError, match=rf"{message}.*\(@\w+; .*test_feeds\.py:\d+: "):
        seen_by(place, reads=within(source))


def test_an_entry_of_an_empty_timeline_is_said_to_be_none():
    def ahead(world, viewer, first, limit):
        return [0]

    with pytest.raises(UserCodeError, match=r"returned 0 among .* of which there is none yet"):
        seen_by(world(["m0", "m1"], []), reads=ahead)


@pytest.mark.parametrize(
    ("counts", "likes", "line"),
    [("exact", 5, "(5 likes)"), ("rounded", 4, "(4 likes)"), ("none", 0, "")],
)
def test_a_feed_shows_counts_exactly_rounded_or_not_at_all(counts, likes, line):
    place = world([f"m{number}" for number in range(7)], [("m0", "m1")])
    post = do(place, "m1", Write("The bus is late.")).made
    for number in range(2, 7):
        do(place, f"m{number}", Like(post))
    feed = Feed(counts=counts, fresh=False)
    first, _ = place.observe("m0", 10.0, feed, turn=0, seed=1)
    again, _ = place.observe("m0", 20.0, feed, turn=1, seed=2)
    (seen,) = first.posts
    assert seen.likes == likes
    assert seen is again.posts[0]
    (written,) = PostFormatter(lambda text: text).posts(first)
    assert written == f"1 @m1: The bus is late. {line}".rstrip()
