"""Rankings by taste, estimated from what a viewer wrote and engaged with.

Like all rankings they score the candidates of one view (`Feed.candidates` of the newest), and
a taste is made of a bounded number of posts (`simnet.world.state.engagement`), so a view costs the
same however long the run and however many the posts.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import sqrt

import numpy as np
import numpy.typing as npt

from simnet.clock import Seconds
from simnet.foundation.arguments import checked
from simnet.world.feeds.rankings import Ranking
from simnet.world.state.posts import Post
from simnet.world.state.world_state import WorldState

About = Callable[[str], str | None]
"""Handle -> a description of the member, such as `{...}.get` of a dict of portraits."""
Embed = Callable[[str], Sequence[float]]
"""Text -> vector; always of the same length, and the same for the same text."""

CACHED = 65_536
"""Texts whose embeddings are kept."""


@checked
def interest(about: About | None = None) -> Ranking:
    """Rank by likeness of words to what the viewer wrote, engaged with and is said to be.

    TF-IDF over hashed words (Spärck Jones 1972; Weinberger et al. 2009). Cost per view: each
    post since the last such view is read once; then array operations on candidates x 24 words.
    """

    def by_interest(
        world: WorldState, viewer: int, posts: Sequence[Post], now: Seconds
    ) -> list[float]:
        world.words.read(world.posts)
        description = (about(world.handles[viewer]) or "") if about else ""
        liked = world.engagement.liked(viewer)
        return world.words.likeness(liked, description, [post.id for post in posts])

    return by_interest


@checked
def collaborative(
    world: WorldState, viewer: int, posts: Sequence[Post], now: Seconds
) -> list[float]:
    """Rank by who else engaged: those who engaged with what the viewer did, engaged with it too.

    Item-based filtering with the cosine of co-engagement (Sarwar et al. 2001): a post's score
    is the sum, over the posts the viewer engaged with, of shared fans / sqrt(fans x fans). Cost
    per view: at most 16 liked posts and all candidates, 64 fans each.
    """
    engagement = world.engagement
    neighbours: dict[int, float] = {}
    for liked in engagement.liked(viewer):
        fans = engagement.fans(liked)
        if viewer in fans:
            share = 1 / sqrt(len(fans))
            for fan in fans:
                neighbours[fan] = neighbours.get(fan, 0.0) + share
    neighbours.pop(viewer, None)
    if not neighbours:
        return [0.0] * len(posts)
    return [_shared(neighbours, engagement.fans(post.id)) for post in posts]


def _shared(neighbours: Mapping[int, float], fans: Sequence[int]) -> float:
    total = sum([neighbours.get(fan, 0.0) for fan in fans])
    return total / sqrt(len(fans)) if total else 0.0


@checked
def embeddings(vector: Embed, about: About | None = None) -> Ranking:
    """Rank by cosine of a post's embedding with the mean of those the viewer likes.

    `vector` is yours, such as the `encode` of a sentence-transformers model; it must be pure.
    Each text is embedded once, while it is among the 65,536 used last. Cost per view: `vector`
    on the candidates that are new, and one product of candidates x dimensions.
    """
    return _ByEmbeddings(vector, about)


class _ByEmbeddings:
    """The ranking of `embeddings`; its cache is left out when it is pickled."""

    def __init__(self, vector: Embed, about: About | None) -> None:
        self._arguments = (vector, about)
        self._about = about
        self._unit = lru_cache(CACHED)(lambda text: _unit(vector(text)))
        self.__name__ = "by_embeddings"

    def __reduce__(self) -> tuple[type["_ByEmbeddings"], tuple[object, ...]]:
        return _ByEmbeddings, self._arguments

    def __call__(
        self, world: WorldState, viewer: int, posts: Sequence[Post], now: Seconds
    ) -> list[float]:
        liked = [self._unit(world.posts[post].text) for post in world.engagement.liked(viewer)]
        description = self._about(world.handles[viewer]) if self._about else None
        if description:
            liked.append(self._unit(description))
        if not (liked and posts):
            return [0.0] * len(posts)
        taste = _unit(np.sum(liked, axis=0))
        scores: list[float] = (np.stack([self._unit(post.text) for post in posts]) @ taste).tolist()
        return scores


def _unit(vector: Sequence[float] | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    array = np.asarray(vector, np.float64)
    length = float(np.sqrt(array @ array))
    return array / length if length else array
