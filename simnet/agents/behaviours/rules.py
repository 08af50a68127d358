"""Behaviours that follow rules and call no model: for large crowds, and as baselines.

A `Probability` says how likely an agent reacts to a post. The draw depends on the turn's seed
and the post, so a rule is as reproducible as a model::

    crowd = Cohort(
        "crowd", sample(100), behaviour=first_of(reposts(popularity(50)), likes(agreement()))
    )
"""

from math import prod
from typing import Protocol

from simnet import draws
from simnet.agents.memory import overlap, words_of
from simnet.agents.profile import Agent, Ask, Behaviour, Chosen, asks_a_model, asks_no_model
from simnet.errors import ScenarioError
from simnet.world.actions import Action
from simnet.world.posts import Shown, View
from simnet.world.verbs import Like, Repost


class Probability(Protocol):
    """The probability, 0 to 1, that `me` reacts to a post."""

    def __call__(self, me: Agent, post: Shown) -> float:
        """Return the probability."""
        ...


def chance(of: float) -> Probability:
    """React to every post with the same probability. Raises ScenarioError outside 0 to 1."""
    _check(0 <= of <= 1, f"chance({of}): give a chance, 0 to 1")

    def probability(me: Agent, post: Shown) -> float:
        return of

    return probability


def popularity(half: float = 10.0, least: float = 0.0) -> Probability:
    """Follow the crowd: `least` + (1 - `least`) * n / (n + `half`) at n likes and reposts.

    Raises ScenarioError if that is no probability.
    """
    _check(half > 0 and 0 <= least <= 1, f"popularity({half}, {least}): half > 0, 0 <= least <= 1")

    def probability(me: Agent, post: Shown) -> float:
        count = post.likes + post.reposts
        return least + (1 - least) * count / (count + half)

    return probability


def threshold(count: int) -> Probability:
    """React once a post has `count` reposts (Granovetter 1978)."""
    _check(count >= 0, f"threshold({count}): give 0 or more")

    def probability(me: Agent, post: Shown) -> float:
        return float(post.reposts >= count)

    return probability


def agreement(most: float = 1.0) -> Probability:
    """Favour own topics: `most` times the share of a post's words that are in the portrait."""
    _check(0 <= most <= 1, f"agreement({most}): give a chance, 0 to 1")

    def probability(me: Agent, post: Shown) -> float:
        return most * overlap(words_of(post.text), words_of(me.persona.portrait()))

    return probability


def all_of(*probabilities: Probability) -> Probability:
    """React only if all of them do: the product of the probabilities."""

    def probability(me: Agent, post: Shown) -> float:
        return prod([one(me, post) for one in probabilities])

    return probability


def likes(probability: Probability) -> Behaviour:
    """Like the first post of the feed that the draw selects; do nothing if there is none."""

    @asks_no_model
    async def liking(me: Agent, view: View, ask: Ask) -> Chosen:
        post = _first_drawn(me, view, probability, "like")
        return [] if post is None else Like(post)

    return liking


def reposts(probability: Probability) -> Behaviour:
    """Repost the first post of the feed that the draw selects; do nothing if there is none."""

    @asks_no_model
    async def reposting(me: Agent, view: View, ask: Ask) -> Chosen:
        post = _first_drawn(me, view, probability, "repost")
        return [] if post is None else Repost(post)

    return reposting


def first_of(*behaviours: Behaviour) -> Behaviour:
    """Do what the first behaviour that does anything does; the later ones are not tried."""

    async def trying(me: Agent, view: View, ask: Ask) -> Chosen:
        for behaviour in behaviours:
            chosen = await behaviour(me, view, ask)
            if isinstance(chosen, Action) or chosen:
                return chosen
        return []

    return trying if any(map(asks_a_model, behaviours)) else asks_no_model(trying)


def _first_drawn(me: Agent, view: View, probability: Probability, reaction: str) -> int | None:
    return next(
        (p.id for p in view.posts if draws.unit(view.seed, reaction, p.id) < probability(me, p)),
        None,
    )


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise ScenarioError(message)
