"""Recommendations of members to follow."""

from simnet.world.feeds.recommendations import (
    Recommendation,
    adamic_adar,
    common_neighbours,
    preferential_attachment,
    random_walk,
)

__all__ = [
    "Recommendation",
    "adamic_adar",
    "common_neighbours",
    "preferential_attachment",
    "random_walk",
]
