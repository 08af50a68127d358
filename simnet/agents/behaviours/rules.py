"""Behaviours that follow rules and ask no model: for the many, and for baselines.

An appeal says with which chance a post moves someone. Chance is drawn per turn and post, so a
rule is as reproducible as a model::

    Cohort("crowd", people, behaviour=first_of(reposts(popularity(50)), likes(agreement())))
"""

from typing import Protocol

from simnet import draws
from simnet.agents.memory import overlap, words_of
from simnet.agents.profile import Agent, Ask, Behaviour, Chosen
from simnet.errors import ScenarioError
from simnet.world.actions import Action
from simnet.world.posts import PostSeen, View
from simnet.world.verbs import Like, Repost


class Appeal(Protocol):
    """Say with which chance, 0 to 1, a post moves `me`."""

    def __call__(self, me: Agent, post: PostSeen) -> float:
        """Return the chance."""
        ...


def chance(of: float) -> Appeal:
    """Let every post move everyone with the same chance. Raises ScenarioError if it is none."""
    _check(0 <= of <= 1, f"chance({of}): give a chance, 0 to 1")

    def appeal(me: Agent, post: PostSeen) -> float:
        return of

    return appeal


def popularity(half: float = 10.0, least: float = 0.0) -> Appeal:
    """Follow the crowd: `least` for a post without likes and reposts, halfway to 1 at `half`.

    Raises ScenarioError for numbers that give no chance.
    """
    _check(half > 0 and 0 <= least <= 1, f"popularity({half}, {least}): half > 0, 0 <= least <= 1")

    def appeal(me: Agent, post: PostSeen) -> float:
        count = post.likes + post.reposts
        return least + (1 - least) * count / (count + half)

    return appeal


def threshold(count: int) -> Appeal:
    """Join in once `count` others did: the post has so many reposts (Granovetter 1978)."""
    _check(count >= 0, f"threshold({count}): give 0 or more")

    def appeal(me: Agent, post: PostSeen) -> float:
        return float(post.reposts >= count)

    return appeal


def agreement(most: float = 1.0) -> Appeal:
    """Favour one's own topics: `most` times the share of a post's words in one's portrait."""
    _check(0 <= most <= 1, f"agreement({most}): give a chance, 0 to 1")

    def appeal(me: Agent, post: PostSeen) -> float:
        return most * overlap(words_of(post.text), words_of(me.persona.portrait()))

    return appeal


def both(one: Appeal, other: Appeal) -> Appeal:
    """Be moved only by what appeals in both ways: the product of the chances."""

    def appeal(me: Agent, post: PostSeen) -> float:
        return one(me, post) * other(me, post)

    return appeal


def likes(appeal: Appeal) -> Behaviour:
    """Like the first post of the feed that moves one; without any, do nothing."""

    async def liking(me: Agent, view: View, ask: Ask) -> Chosen:
        post = _moved(me, view, appeal, "like")
        return [] if post is None else Like(post)

    return liking


def reposts(appeal: Appeal) -> Behaviour:
    """Pass on the first post of the feed that moves one; without any, do nothing."""

    async def reposting(me: Agent, view: View, ask: Ask) -> Chosen:
        post = _moved(me, view, appeal, "repost")
        return [] if post is None else Repost(post)

    return reposting


def first_of(*behaviours: Behaviour) -> Behaviour:
    """Do what the first behaviour does, or the next where it does nothing, and so on."""

    async def trying(me: Agent, view: View, ask: Ask) -> Chosen:
        for behaviour in behaviours:
            chosen = await behaviour(me, view, ask)
            if isinstance(chosen, Action) or chosen:
                return chosen
        return []

    return trying


def _moved(me: Agent, view: View, appeal: Appeal, to: str) -> int | None:
    return next(
        (p.id for p in view.posts if draws.unit(view.seed, to, p.id) < appeal(me, p)),
        None,
    )


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ScenarioError(otherwise)
