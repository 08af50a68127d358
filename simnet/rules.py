"""Behaviours that follow rules and ask no model: like or repost a post with some probability."""

from simnet.agents.behaviours.rules import (
    Probability,
    agreement,
    all_of,
    chance,
    contagion,
    first_of,
    likes,
    popularity,
    reposts,
    threshold,
)

__all__ = [
    "Probability",
    "agreement",
    "all_of",
    "chance",
    "contagion",
    "first_of",
    "likes",
    "popularity",
    "reposts",
    "threshold",
]
