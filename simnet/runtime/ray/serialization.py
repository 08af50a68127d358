"""Serialises batches of views: each post once a batch, and plain tuples in place of classes.

A popular post is in hundreds of views of one batch and in many batches, until a reaction changes
it. So a post is sent as bytes, which the sender makes and the receiver reads once for as long as
the post does not change. Pickling a NamedTuple costs three times as much as a tuple.
"""

from collections.abc import Sequence
from functools import lru_cache
from pickle import dumps, loads
from typing import Any, TypeAlias

from simnet.world.state.posts import MessageSeen, Shown, View

Packed: TypeAlias = tuple[list[bytes], list[tuple[Any, ...]]]
"""Pickled posts, and views with the positions of their posts in that list."""
CACHED_POSTS = 65_536
"""Most posts that the sender and the receiver cache."""


class Packer:
    """Serialises views; caches the bytes of posts."""

    def __init__(self) -> None:
        self._pickled: dict[int, tuple[Shown, bytes]] = {}
        """A post and its bytes by the identity of the post, which is kept alive here."""

    def pack(self, views: Sequence[View]) -> Packed:
        """Serialise views."""
        pickled = self._pickled
        if len(pickled) >= CACHED_POSTS:
            pickled.clear()
        positions: dict[int, int] = {}
        posts: list[bytes] = []
        rows = []
        for view in views:
            numbers = []
            for post in view.posts:
                position = positions.get(id(post))
                if position is None:
                    position = positions[id(post)] = len(posts)
                    entry = pickled.get(id(post))
                    if entry is None:
                        entry = pickled[id(post)] = (post, dumps(tuple(post), 5))
                    posts.append(entry[1])
                numbers.append(position)
            rows.append((*view[:4], numbers, view.why if any(view.why) else None, *view[6:]))
        return posts, rows


def unpack(packed: Packed) -> list[View]:
    """Return the views of a batch."""
    posts = [_read(post) for post in packed[0]]
    return [
        View(  # by position: this is hot
            who,
            turn,
            now,
            seed,
            tuple([posts[position] for position in positions]),
            why or ("",) * len(positions),
            tuple([MessageSeen._make(message) for message in messages]) if messages else (),
            *rest,
        )
        for who, turn, now, seed, positions, why, messages, *rest in packed[1]
    ]


@lru_cache(maxsize=CACHED_POSTS)
def _read(post: bytes) -> Shown:
    return Shown._make(loads(post))  # noqa: S301  (written by another actor of this run)
