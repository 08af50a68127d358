"""Feeds that know what their viewer likes, and those made of other rankings."""

import math
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_worlds import do, drive, random_scenario, world

from simnet import Feed, Follow, Like, Quote, Reply, Repost, Write
from simnet.errors import ScenarioError
from simnet.feeds import both, everything, following, popular
from simnet.rankings import (
    blend,
    chronological,
    collaborative,
    diverse,
    embeddings,
    engagement,
    hot,
    interest,
    mix,
    shuffled,
)
from simnet.verbs import Dislike, Pin, React, Remove, UndoDislike, Unlike
from simnet.world.feeds.feed import choose
from simnet.world.state.engagement import FANS, LIKED, POOL, EngagementLog

ANA, BEN, CAT, DAN = range(4)


@pytest.fixture
def place():
    return world(follows=[("ana", "ben"), ("ana", "cat")])


def write(place, who, *texts):
    return [do(place, who, Write(text)).made for text in texts]


def seen_by(place, viewer=ANA, now=100.0, **feed):
    feed.setdefault("reads", everything)
    return [post.id for post in choose(place, viewer, Feed(**feed), now, set()).posts]


def told(numbers):
    """Make a ranking of given scores, by post."""

    def by_numbers(place, viewer, posts, now):
        return [float(numbers[post.id]) for post in posts]

    return by_numbers


# -- what is remembered of attention ----------------------------------------------------


def test_all_ways_to_engage_count_and_dislikes_do_not(place):
    posts = write(place, "ben", *"abcdef")
    do(place, "ana", Like(posts[0]))
    do(place, "ana", React(posts[1], "sad"))
    do(place, "ana", Reply(posts[2], "so"))
    do(place, "ana", Quote(posts[3], "see"))
    do(place, "ana", Repost(posts[4]))
    do(place, "ana", Dislike(posts[5]))
    engagement = place.engagement
    assert set(posts[:5]) <= set(engagement.liked(ANA))
    assert posts[5] not in engagement.liked(ANA)
    assert engagement.popular(9) == posts[4::-1]
    assert [engagement.fans(post) for post in posts] == [[ANA]] * 5 + [[]]


def test_what_is_taken_back_is_forgotten(place):
    (post,) = write(place, "ben", "a")
    do(place, "ana", Like(post))
    do(place, "ana", Unlike(post))
    assert place.engagement.liked(ANA) == place.engagement.fans(post) == []
    do(place, "ana", Like(post))
    do(place, "ana", Dislike(post))
    assert place.engagement.fans(post) == []


def test_undoing_a_dislike_leaves_an_answer_remembered(place):
    (post,) = write(place, "ben", "a")
    do(place, "ana", Dislike(post))
    do(place, "ana", Reply(post, "no"))
    do(place, "ana", UndoDislike(post))
    assert place.engagement.fans(post) == [ANA]


def test_attention_is_bounded():
    engagement = EngagementLog()
    for number in range(3 * POOL):
        engagement.engaged(number, number)
        engagement.engaged(1, number)
        engagement.engaged(number, 5)
    assert engagement.liked(1)[-1] == 3 * POOL - 1
    assert len(engagement.liked(1)) == LIKED
    assert len(engagement.fans(5)) == FANS
    pool = engagement.state()[2]
    assert len(pool) == POOL
    assert sorted(engagement.popular(9 * POOL)) == sorted(set(pool))
    assert engagement.popular(1) == [5]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.booleans()), max_size=60))
def test_popular_posts_are_those_counted_from_the_pool(acts):
    engagement = EngagementLog()
    for who, post, back in acts:
        (engagement.disengaged if back else engagement.engaged)(who, post)
    pool = engagement.state()[2]
    counted = sorted(set(pool), key=lambda post: (pool.count(post), post), reverse=True)
    assert engagement.popular(10) == counted


# -- sources and sizes ------------------------------------------------------------------


def test_popular_offers_what_was_engaged_with_by_anybody(place):
    posts = write(place, "dan", *"abcd")
    do(place, "cat", Like(posts[1]))
    do(place, "ben", Like(posts[1]))
    do(place, "cat", Like(posts[3]))
    do(place, "cat", Repost(posts[0]))
    assert seen_by(place, reads=popular(2)) == [posts[3], posts[1]]
    assert set(seen_by(place, reads=popular(9))) == {posts[0], posts[1], posts[3]}
    do(place, "ben", Remove(posts[1]))
    assert posts[1] not in seen_by(place, reads=popular(9))
    assert seen_by(place, reads=popular(9), now=10**6) == []


def test_popular_and_following_share_the_candidates(place):
    far = write(place, "dan", "x")
    near = write(place, "ben", *"abcdefgh")
    do(place, "cat", Like(far[0]))
    shown = seen_by(place, reads=both(popular(3), following), size=4, candidates=4)
    assert set(shown) == {far[0], *near[-3:]}


def test_a_feed_stops_where_its_tokens_end(place):
    write(place, "ben", "a" * 40, "b" * 40, "c" * 40)

    def count(tokens):
        place.seen.clear()
        view, _ = place.observe("ana", 9.0, Feed(tokens=tokens), turn=0, seed=1)
        return [post.id for post in view.posts]

    assert count(None) == count(30) == [2, 1, 0]
    assert count(29) == [2, 1]
    assert count(10) == count(1) == [2]


def test_tokens_count_quoted_words_and_unshown_posts_come_later(place):
    (quoted,) = write(place, "cat", "q" * 80)
    do(place, "ben", Quote(quoted, "b" * 8))
    feed = Feed(tokens=25)
    view, showing = place.observe("ana", 9.0, feed, turn=0, seed=1)
    assert [post.id for post in view.posts] == [1]
    assert len(showing.scores) == len(showing.rankers) == 1
    view, _ = place.observe("ana", 9.0, feed, turn=1, seed=1)
    assert [post.id for post in view.posts] == [0]


# -- tastes -----------------------------------------------------------------------------


def test_interest_shows_words_like_those_one_liked(place):
    posts = write(place, "dan", "trams and buses for everyone", "my cat sleeps", "a nice soup")
    liked = write(place, "cat", "more buses, more trams please", "the weather")
    do(place, "ana", Like(liked[0]))
    assert seen_by(place, ranking=interest())[:2] == [liked[0], posts[0]]


def test_interest_knows_the_profile_before_anything_is_liked(place):
    posts = write(place, "dan", "trams and buses", "my cat sleeps", "a nice soup")
    about = {"ana": "A cook who loves soup and pasta."}.get
    assert seen_by(place, ranking=interest(about))[0] == posts[2]
    assert seen_by(place, BEN, ranking=interest(about)) == posts[::-1]


def test_interest_weighs_rare_words_more(place):
    common = [f"the town and the people {number}" for number in range(20)]
    write(place, "dan", *common, "zeppelin")
    (liked,) = write(place, "ana", "the town and the zeppelin")
    assert seen_by(place, ranking=interest())[0] == liked - 1


def test_interest_survives_texts_without_words(place):
    write(place, "dan", "!!!", "🙂", "a", "x" * 5000, " ".join(f"w{n}" for n in range(500)))
    do(place, "ana", Like(0))
    assert sorted(seen_by(place, ranking=interest())) == [0, 1, 2, 3, 4]


@settings(max_examples=30)
@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=20))
def test_words_read_at_once_or_one_by_one_give_the_same_scores(texts):
    at_once, step_by_step = world(), world()
    for text in texts:
        for town in (at_once, step_by_step):
            post = do(town, "ben", Write(text)).made
            do(town, "ana", Like(post))
        step_by_step.words.read(step_by_step.posts)
    ranking, now = interest(), 1.0
    one, other = (ranking(town, ANA, town.posts, now) for town in (at_once, step_by_step))
    assert one == other
    assert all(-1e-6 <= score <= 1 + 1e-6 for score in one)


def test_collaborative_follows_those_who_liked_the_same(place):
    posts = write(place, "dan", *"abcd")
    do(place, "ana", Like(posts[0]))
    do(place, "ben", Like(posts[0]))
    do(place, "ben", Like(posts[1]))
    do(place, "cat", Like(posts[2]))
    assert seen_by(place, ranking=collaborative) == [posts[1], posts[0], posts[3], posts[2]]
    scores = collaborative(place, ANA, place.posts, 9.0)
    assert scores[posts[1]] == pytest.approx(1 / math.sqrt(2))
    assert scores[posts[2]] == scores[posts[3]] == 0


def test_collaborative_is_the_cosine_of_shared_fans(place):
    one, other = write(place, "dan", "a", "b")
    for who in ("ana", "ben", "cat"):
        do(place, who, Like(one))
    for who in ("ben", "cat"):
        do(place, who, Like(other))
    assert collaborative(place, ANA, [place.posts[other]], 9.0) == [
        pytest.approx(2 / math.sqrt(3 * 2))
    ]


def test_nobody_without_likes_has_a_taste(place):
    write(place, "dan", *"abc")
    for ranking in (collaborative, interest(), embeddings(lambda text: [1.0, 0.0])):
        assert ranking(place, ANA, place.posts, 9.0) == [0.0, 0.0, 0.0]
        assert list(ranking(place, ANA, [], 9.0)) == []


def letters(text):
    """Embed a text by the letters it has."""
    return [float(text.count(letter)) for letter in "abc"]


def test_embeddings_rank_by_cosine_and_embed_each_text_once(place):
    asked = []

    def vector(text):
        asked.append(text)
        return letters(text)

    write(place, "dan", "aaa", "bbb", "cab")
    (liked,) = write(place, "cat", "aa")
    do(place, "ana", Like(liked))
    ranking = embeddings(vector)
    scores = ranking(place, ANA, place.posts, 9.0)
    assert scores == pytest.approx([1, 0, 1 / math.sqrt(3), 1])
    assert ranking(place, ANA, place.posts, 10.0) == scores
    assert sorted(asked) == ["aa", "aaa", "bbb", "cab"]


def test_embeddings_travel_without_what_they_remember(place):
    write(place, "dan", "aaa", "bbb")
    do(place, "ana", Like(0))
    ranking = embeddings(letters)
    scores = ranking(place, ANA, place.posts, 9.0)
    assert pickle.loads(pickle.dumps(ranking))(place, ANA, place.posts, 9.0) == scores


def test_embeddings_of_different_lengths_are_told_of(place):
    write(place, "dan", "a", "bb")
    do(place, "ana", Like(0))
    with pytest.raises(ScenarioError, match=r"cohort 'people': ranking by_embeddings raised"):
        seen_by(place, ranking=embeddings(lambda text: [1.0] * len(text)))


# -- rankings made of rankings ----------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "order"),
    [(0, "nnnnff"), (1, "ffnnnn"), (0.5, "nfnfnn"), (0.25, "nnnfnf")],
)
def test_mix_gives_a_share_of_places_to_strangers(place, share, order):
    near, far = write(place, "ben", *"abcd"), write(place, "dan", *"xy")
    shown = seen_by(place, ranking=mix(chronological, hot, share))
    assert "".join("n" if post in near else "f" for post in shown) == order
    assert [post for post in shown if post in near] == near[::-1]
    assert [post for post in shown if post in far] == far[::-1]


def test_mix_counts_those_one_follows_now(place):
    write(place, "dan", "x")
    write(place, "ben", "a")
    ranking = mix(chronological, chronological, 1)
    assert seen_by(place, ranking=ranking) == [0, 1]
    do(place, "ana", Follow("dan"))
    assert seen_by(place, ranking=ranking) == [1, 0]


def test_blend_adds_up_what_rankings_say_on_one_scale(place):
    write(place, "ben", *"abc")
    small, large = told([0, 0.5, 1]), told([1000, 400, 0])
    assert blend({small: 1, large: 1})(place, ANA, place.posts, 9.0) == pytest.approx([1, 0.9, 1])
    assert blend({small: 2, large: 1})(place, ANA, place.posts, 9.0) == pytest.approx([1, 1.4, 2])
    assert seen_by(place, ranking=blend({large: 1, told([5, 5, 5]): 100})) == [0, 1, 2]


def test_diverse_puts_the_rest_of_a_talkative_author_last(place):
    write(place, "ben", *"abcd")
    write(place, "cat", "x")
    assert seen_by(place, ranking=diverse(told([5, 4, 3, 2, 1]), 2)) == [0, 1, 4, 2, 3]
    assert seen_by(place, ranking=diverse(told([5, 4, 3, 2, 1]), 9)) == [0, 1, 2, 3, 4]


def test_a_pinned_post_is_first_whatever_the_ranking(place):
    write(place, "ben", *"abcd")
    do(place, "cat", Pin(0))
    for ranking in (interest(), collaborative, mix(hot, hot, 0.5), diverse(chronological, 1)):
        assert seen_by(place, ranking=ranking, size=2)[0] == 0


@pytest.mark.slow
@given(
    st.lists(st.sampled_from(["ben", "cat", "dan"]), min_size=1, max_size=12),
    st.floats(0, 1),
    st.integers(1, 3),
)
def test_composed_rankings_keep_every_candidate(authors, share, most):
    place = world(follows=[("ana", "ben"), ("ana", "cat")])
    for who in authors:
        do(place, who, Write(f"{who} says"))
    for ranking in (
        mix(engagement(), shuffled, share),
        blend({hot: 0.3, engagement(): 2, interest(): -1}),
        diverse(mix(hot, interest(), share), most),
    ):
        shown = seen_by(place, ranking=ranking, size=12)
        assert sorted(shown) == list(range(len(authors)))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: mix(hot, hot, 1.5), "share=1.5"),
        (lambda: mix(hot, hot, math.nan), "share=nan"),
        (lambda: blend({}), "at least one"),
        (lambda: blend({hot: math.inf}), "inf"),
        (lambda: diverse(hot, 0), "most_per_author=0"),
    ],
)
def test_what_makes_no_ranking_is_refused(make, says):
    with pytest.raises(ScenarioError, match=says):
        make()


def broken(place, viewer, posts, now):
    raise ZeroDivisionError("oh")


@pytest.mark.parametrize(
    "ranking", [broken, mix(broken, broken, 0.5), blend({broken: 1}), diverse(broken, 1)]
)
def test_a_ranking_that_raises_is_named_with_its_cohort(place, ranking):
    write(place, "ben", "a")
    with pytest.raises(ScenarioError, match=r"cohort 'people': ranking broken raised ZeroDiv"):
        seen_by(place, ranking=ranking)


@pytest.mark.parametrize("number", range(6))
def test_worlds_that_rank_by_taste_are_the_same_twice(number):
    from dataclasses import replace

    ranking = diverse(mix(blend({interest(): 1, collaborative: 1}), hot, 0.5), 2)
    feed = Feed(ranking=ranking, reads=both(popular(10), following), size=4, tokens=60)
    scenario = random_scenario(number)
    cohorts = [replace(cohort, feed=feed) for cohort in scenario.cohorts]
    scenario = replace(scenario, cohorts=cohorts)
    assert drive(scenario).tables() == drive(scenario).tables()
