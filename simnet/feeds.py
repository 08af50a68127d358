"""Feeds, and the sources that find candidates for them."""

from simnet.world.feeds.boundary import Entry, Source
from simnet.world.feeds.feed import (
    Feed,
    both,
    everything,
    following,
    popular,
    reported,
)
from simnet.world.posts import Post

__all__ = [
    "Entry",
    "Feed",
    "Post",
    "Source",
    "both",
    "everything",
    "following",
    "popular",
    "reported",
]
