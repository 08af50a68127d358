"""Ways to score posts for one viewer; the best score is shown first.

A ranking returns one score per candidate, so it can neither invent posts nor lose any, and
rankings compose: a split, a mix and a blend are rankings too. Equal scores: newer first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from simnet import draws
from simnet.clock import HOUR, Seconds
from simnet.foundation.arguments import checked
from simnet.foundation.numbers.portable_math import log
from simnet.world.state.posts import Post
from simnet.world.state.world_state import WorldState

_LN2, _LN10 = log(2), log(10)


@lru_cache(maxsize=1 << 16)
def _log(count: int) -> float:
    return log(count)


class Ranking(Protocol):
    """Score each candidate for `viewer` (a position in `world.handles`); more is better."""

    def __call__(
        self, world: WorldState, viewer: int, posts: Sequence[Post], now: Seconds
    ) -> list[float]:
        """Score `posts`, in their order."""
        ...


def chronological(
    world: WorldState, viewer: int, posts: Sequence[Post], now: Seconds
) -> list[float]:
    """Newest first."""
    return [post.at for post in posts]


def hot(world: WorldState, viewer: int, posts: Sequence[Post], now: Seconds) -> list[float]:
    """Rank as Reddit's `hot` did: order of magnitude of the votes, plus a point per 12.5 hours.

    The score is sign(v) * log10(max(|v|, 1)) + t / 45,000 for v = likes - dislikes, as in the
    source that Reddit published (`r2/lib/db/_sorts.pyx`). The formula in Salihefendic 2010, "How
    Reddit ranking algorithms work", has the sign before the time; Reddit corrected that.
    """
    scores = []
    for post in posts:
        votes = post.likes - post.dislikes
        sign = (votes > 0) - (votes < 0)
        scores.append(sign * _log(max(abs(votes), 1)) / _LN10 + post.at / 45_000)
    return scores


@checked
def engagement(half_life: Seconds = 6 * HOUR) -> Ranking:
    """Rank by reactions, replies (twice) and reposts (three times), fading by half-life.

    The score is the logarithm of the faded sum up to a constant, so it does not depend on
    when one looks.
    """

    def by_engagement(
        world: WorldState, viewer: int, posts: Sequence[Post], now: Seconds
    ) -> list[float]:
        return [
            _log(1 + post.reactions() + 2 * post.replies + 3 * post.reposts) / _LN2
            + post.at / half_life
            for post in posts
        ]

    return by_engagement


def shuffled(world: WorldState, viewer: int, posts: Sequence[Post], now: Seconds) -> list[float]:
    """Rank by chance, anew at each look and with each seed of a scenario; a feed's null model."""
    return _by_chance(world.facts.seed, world, viewer, posts, now)


@checked
def shuffled_by(seed: int) -> Ranking:
    """Rank as `shuffled` does, by a seed that stays the same whatever the scenario's is."""

    def shuffled_by_seed(
        world: WorldState, viewer: int, posts: Sequence[Post], now: Seconds
    ) -> list[float]:
        return _by_chance(seed, world, viewer, posts, now)

    return shuffled_by_seed


def _by_chance(
    seed: int, world: WorldState, viewer: int, posts: Sequence[Post], now: Seconds
) -> list[float]:
    who, at = world.handles[viewer], repr(now)
    return [draws.unit("shuffled", seed, who, post.id, at) for post in posts]


@checked
def split(
    share: float, one: Ranking, other: Ranking, key: str = "split", seed: int | None = None
) -> "Split":
    """Give `share` of the viewers ranking `one` and the rest `other`; an A/B test in one world.

    A viewer's side depends on the handle, `key` and the scenario's seed, so replications divide
    the viewers anew; with a `seed` of its own it is the same in all. Exposures name the side's
    ranking.
    """
    return Split(share, one, other, key, seed)


@dataclass(frozen=True)
class Split:
    """Two rankings, one of them for each viewer."""

    share: float
    """Chance of a viewer to get `one`, 0 to 1."""
    one: Ranking
    """The ranking of this share of the viewers."""
    other: Ranking
    """The ranking of the rest."""
    key: str
    """With the handle and the seed it decides a viewer's side."""
    seed: int | None = None
    """The seed that decides the sides; None is that of the scenario."""

    def side(self, world: WorldState, viewer: int) -> Ranking:
        """Return the viewer's ranking."""
        seed = world.facts.seed if self.seed is None else self.seed
        chance = draws.unit(self.key, seed, world.handles[viewer])
        return self.one if chance < self.share else self.other

    def __call__(
        self, world: WorldState, viewer: int, posts: Sequence[Post], now: Seconds
    ) -> list[float]:
        """Score as the viewer's side does."""
        return self.side(world, viewer)(world, viewer, posts, now)


def name_of(ranking: Ranking, world: WorldState, viewer: int) -> str:
    """Name the ranking a viewer gets, as exposures do."""
    while isinstance(ranking, Split):
        ranking = ranking.side(world, viewer)
    return getattr(ranking, "__name__", "") or type(ranking).__name__
