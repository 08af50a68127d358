import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simnet.world.state.network import Network

MEMBERS = 6
members = st.integers(0, MEMBERS - 1)
edges = st.lists(st.tuples(members, members), max_size=30)
changes = st.lists(st.tuples(st.booleans(), members, members), max_size=30)


def made(pairs, count=MEMBERS):
    table = np.array(pairs, np.int32).reshape(-1, 2)
    return Network(count, table[:, 0], table[:, 1])


def listed(network):
    followers, followees = network.edge_arrays()
    return list(zip(followers.tolist(), followees.tolist(), strict=True))


def agrees(network, model):
    pairs = sorted((who, whom) for who, row in model.items() for whom in row)
    assert listed(network) == pairs
    for who in range(network.members):
        assert network.followees(who).tolist() == sorted(model[who])
        assert network.followee_set(who) == set(model[who])
        assert network.followers(who).tolist() == sorted(w for w in model if who in model[w])
        for whom in range(network.members):
            assert network.follows(who, whom) == (whom in model[who])


@given(edges, changes, st.booleans())
def test_a_network_is_a_set_of_followees_for_each_member(pairs, steps, asked_before):
    network = made(pairs)
    model = {who: {b for a, b in pairs if a == who != b} for who in range(MEMBERS)}
    if asked_before:
        agrees(network, model)
    for adds, who, whom in steps:
        if who == whom:
            continue
        if adds:
            network.follow(who, whom)
            model[who].add(whom)
        else:
            network.unfollow(who, whom)
            model[who].discard(whom)
    agrees(network, model)


def test_repeated_edges_and_edges_to_oneself_are_dropped():
    assert listed(made([(0, 1), (0, 1), (2, 2), (1, 0)])) == [(0, 1), (1, 0)]


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_network_may_have_no_edges(count):
    network = made([], count)
    assert listed(network) == []
    assert [len(network.followers(who)) for who in range(count)] == [0] * count


@given(edges)
def test_the_same_edges_by_another_way_are_the_same_arrays(pairs):
    at_once, one_by_one = made(pairs), made([])
    for who, whom in pairs:
        if who != whom:
            one_by_one.follow(who, whom)
    for one, other in zip(at_once.edge_arrays(), one_by_one.edge_arrays(), strict=True):
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("first", ["follow", "unfollow"])
def test_the_set_of_followees_has_a_change_that_came_after_it_was_made(first):
    network = made([(0, 1), (0, 2)])
    assert network.followee_set(0) == {1, 2}
    if first == "follow":
        network.follow(0, 3)
        assert network.followee_set(0) == {1, 2, 3}
    network.unfollow(0, 1)
    assert 1 not in network.followee_set(0)


def test_sets_of_followees_are_right_after_the_kept_ones_were_dropped(monkeypatch):
    monkeypatch.setattr("simnet.world.state.network.MOST_IN_SETS", 2)
    network = made([(0, 1), (0, 2), (1, 2), (1, 3), (2, 4)])
    for _ in range(2):
        assert [network.followee_set(who) for who in range(4)] == [{1, 2}, {2, 3}, {4}, set()]
