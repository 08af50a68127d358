"""Feeds, and the sources that find candidates for them."""

from simnet.world.feeds.combined_sources import both
from simnet.world.feeds.feed import Feed
from simnet.world.feeds.sources import (
    Entry,
    Look,
    Source,
    SourceOfLook,
    communities,
    community,
    everything,
    following,
    popular,
    reported,
    written_by,
)
from simnet.world.state.posts import Post
from simnet.world.state.scenario_facts import ScenarioFacts

__all__ = [
    "Entry",
    "Feed",
    "Look",
    "Post",
    "ScenarioFacts",
    "Source",
    "SourceOfLook",
    "both",
    "communities",
    "community",
    "everything",
    "following",
    "popular",
    "reported",
    "written_by",
]
