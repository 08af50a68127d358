"""Whom the platform suggests to follow."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_worlds import do, network, world

from simnet import Feed, Follow, draws
from simnet.recommendations import (
    adamic_adar,
    common_neighbours,
    preferential_attachment,
    random_walk,
)
from simnet.verbs import Block, SearchMembers, Suspend
from simnet.world.feeds import recommendations
from simnet.world.state.network import Network

TWO = Feed(suggests=common_neighbours, suggestions=2)
EVERY = [common_neighbours, adamic_adar, preferential_attachment, random_walk]
LETTERS = "abcdefgh"


def made(*ties):
    return network(LETTERS, [tuple(tie) for tie in ties])


def names(found):
    return "".join(LETTERS[member] for member in found)


def test_common_neighbours_counts_those_between():
    place = made("ab", "ac", "ad", "be", "ce", "de", "bf", "cf", "dg")
    assert names(common_neighbours(place, 0, 2, 7)) == "ef"
    assert names(common_neighbours(place, 0, 9, 7)) == "efg"


def test_adamic_adar_trusts_those_who_follow_few():
    crowd = [f"b{other}" for other in "efgh"]
    place = made("ab", "ac", *crowd, "cd", "ch")
    assert names(adamic_adar(place, 0, 2, 7)) == "hd"


def test_adamic_adar_adds_up_over_those_between():
    crowd = [f"{one}{other}" for one in "bc" for other in "efgh"]
    place = made("ab", "ac", "ad", "de", *crowd)
    assert names(adamic_adar(place, 0, 1, 7)) == "e"


def test_preferential_attachment_is_in_proportion_to_followers():
    place = made(*(f"{who}h" for who in "bcdefg"), "bg", "cg")
    first = [preferential_attachment(place, 0, 1, key)[0] for key in range(2000)]
    shares = np.bincount(first, minlength=8) / len(first)
    assert shares[7] == pytest.approx(6 / 8, abs=0.04)
    assert shares[6] == pytest.approx(2 / 8, abs=0.04)


def test_preferential_attachment_knows_ties_that_came_and_went():
    place = made("bh")
    assert names(preferential_attachment(place, 0, 3, 7)) == "h"
    place.unfollow(1, 7)
    assert preferential_attachment(place, 0, 3, 7) == []
    place.follow(2, 6)
    place.follow(1, 7)
    place.follow(1, 7)
    assert place.total_count == 2
    assert set(names(preferential_attachment(place, 0, 3, 7))) <= {"g", "h"}


def test_random_walks_come_by_near_members_most():
    place = made("ab", "ac", "bd", "cd", "de", "ef", "fg")
    assert names(random_walk(place, 0, 2, 7)) == "de"


@pytest.mark.parametrize("recommend", EVERY)
def test_a_member_alone_is_suggested_nobody(recommend):
    assert recommend(made(), 0, 3, 7) == []


ties = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=40)


@given(ties, ties, st.integers(0, 7), st.integers(0, 5), st.integers(0, 2**64 - 1))
def test_suggestions_are_new_and_depend_on_their_key_alone(begun, added, who, limit, key):
    table = np.array(begun, np.int32).reshape(-1, 2)
    place = Network(8, table[:, 0], table[:, 1])
    for follower, followee in added:
        if follower != followee:
            place.follow(follower, followee)
    for recommend in EVERY:
        found = recommend(place, who, limit, key)
        assert found == recommend(place, who, limit, key)
        assert len(found) == len(set(found)) <= limit
        assert who not in found
        assert not any(place.follows(who, whom) for whom in found)


def test_a_sampled_hub_counts_as_much_as_all_its_ties():
    """Over many keys, a tie of a hub counts as if all ties of the hub were looked at."""
    reach, hub, friend = recommendations.REACH, 1, 2
    many = range(3, 3 + 4 * reach)
    ends = [(0, hub), (0, friend), *((hub, whom) for whom in many), (friend, many[0])]
    followers, followees = np.array(ends, np.int32).T
    place = Network(len(many) + 3, followers, followees)
    scores = Counter()

    def note(network, who, limit, key, members, found):
        scores.update(dict(zip(members.tolist(), found.tolist(), strict=True)))
        return []

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(recommendations, "_top", note)
        for key in range(400):
            common_neighbours(place, 0, 5, draws.bits(key))
    assert scores[many[0]] / 400 == pytest.approx(2, rel=0.2)
    assert scores[many[7]] / 400 == pytest.approx(1, rel=0.4)


@pytest.mark.parametrize("recommend", EVERY)
def test_many_ties_are_looked_at_in_part(recommend):
    size = 3000
    everyone = np.arange(size, dtype=np.int32)
    hubs = np.arange(100, dtype=np.int32)
    followers = np.concatenate([np.zeros(100, np.int32), np.repeat(hubs, size)])
    followees = np.concatenate([hubs, np.tile(everyone, 100)])
    followers, followees = followers[followers != 0], followees[followers != 0]
    place = Network(size, np.append(followers, np.zeros(50, np.int32)),
                    np.append(followees, np.arange(1, 51, dtype=np.int32)))  # fmt: skip
    found = recommend(place, 0, 3, 99)
    assert len(found) == 3
    assert found != recommend(place, 0, 3, 100)


# -- in a view ------------------------------------------------------------------------


@pytest.fixture
def town():
    return world("abcdefgh", [tuple(tie) for tie in ("ab", "ac", "bd", "cd", "be", "cf", "bg")])


def suggested(place, feed=TWO):
    return place.observe(place.handles[0], 1.0, feed, turn=0, seed=7)[0].suggested


def test_a_view_suggests_members(town):
    assert suggested(town)[0] == "d"
    assert len(suggested(town)) == 2
    assert suggested(town, Feed()) == ()


def test_nobody_hidden_or_followed_is_suggested(town):
    do(town, "a", Block("d"))
    do(town, "h", Suspend("e"))
    do(town, "a", Follow("f"))
    assert suggested(town, Feed(suggests=common_neighbours, suggestions=5)) == ("g",)


def test_suggestions_follow_what_was_searched_for(town):
    do(town, "a", SearchMembers("d"))
    found = suggested(town)
    assert found[0] == "d"
    assert len(found) == len(set(found)) == 3
