"""Recommendations of members to follow."""

from simnet.world.feeds.recommendations import (
    Recommendation,
    adamic_adar,
    common_neighbours,
    preferential_attachment,
    random_walk,
)
from simnet.world.state.network import Network

__all__ = [
    "Network",
    "Recommendation",
    "adamic_adar",
    "common_neighbours",
    "preferential_attachment",
    "random_walk",
]
