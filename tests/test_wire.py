"""Views travel between processes and arrive as they were."""

import pickle

import pytest
from made_worlds import drive, random_scenario, shown, view

from simnet.runtime.ray import serialization as wire
from simnet.runtime.ray.serialization import Packer, unpack
from simnet.world.state.posts import MessageSeen


def travelled(packer, views):
    return unpack(pickle.loads(pickle.dumps(packer.pack(views), 5)))


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_views_arrive_as_they_were(at_once):
    views = [view for number in range(40) for view in drive(random_scenario(number)).views]
    assert sum(len(one.posts) for one in views) > 500
    for field in (
        "messages",
        "news",
        "suggested",
        "groups",
        "refused",
        "communities",
        "reposters",
        "done",
    ):
        assert any(getattr(one, field) for one in views), field
    packer = Packer()
    arrived = []
    for start in range(0, len(views), at_once):
        arrived += travelled(packer, views[start : start + at_once])
    assert arrived == views


def test_messages_arrive_as_messages():
    message = MessageSeen("ben", "walkers", "up?", 3.0)
    (arrived,) = travelled(Packer(), [view(shown(), messages=(message,))])
    assert arrived.messages == (message,)
    assert isinstance(arrived.messages[0], MessageSeen)


def test_a_post_that_changed_arrives_changed():
    packer = Packer()
    before, after = shown(4), shown(4, likes=1)
    for post in (before, after, before):
        (arrived,) = travelled(packer, [view(post)])
        assert arrived.posts == (post,)


def test_a_post_is_written_and_read_once_while_it_stays_the_same(monkeypatch):
    written = []
    monkeypatch.setattr(wire, "dumps", lambda *told: written.append(told) or pickle.dumps(*told))
    packer, post = Packer(), shown(5, text="only here")
    first, second = (travelled(packer, [view(post)])[0].posts[0] for _ in range(2))
    assert first is second
    assert len(written) == 1


def test_no_more_posts_are_kept_than_it_says(monkeypatch):
    monkeypatch.setattr(wire, "CACHED_POSTS", 10)
    packer = Packer()
    for start in range(0, 100, 5):
        posts = [shown(number) for number in range(start, start + 5)]
        (arrived,) = travelled(packer, [view(*posts)])
        assert arrived.posts == tuple(posts)
        assert len(packer._pickled) <= 15
