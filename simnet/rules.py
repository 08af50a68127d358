"""Behaviours that follow rules and ask no model: like or repost what appeals."""

from simnet.agents.behaviours.rules import (
    Appeal,
    agreement,
    both,
    chance,
    first_of,
    likes,
    popularity,
    reposts,
    threshold,
)

__all__ = [
    "Appeal",
    "agreement",
    "both",
    "chance",
    "first_of",
    "likes",
    "popularity",
    "reposts",
    "threshold",
]
