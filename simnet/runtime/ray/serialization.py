"""Views on their way between processes: each post once a list, and no class by name.

A popular post is in hundreds of the views of one list, and in those of many lists, until someone
reacts to it and it looks different. So posts travel as bytes, which either end makes or reads
once for as long as a post stays the same. Pickling a NamedTuple costs three times what a tuple
does.
"""

from collections.abc import Sequence
from functools import lru_cache
from pickle import dumps, loads
from typing import Any, TypeAlias

from simnet.world.posts import MessageSeen, Shown, View

Packed: TypeAlias = tuple[list[bytes], list[tuple[Any, ...]]]
"""Posts, and views with positions in their place."""
KEPT = 65_536
"""Posts, as they were shown, that either end keeps."""


class Packer:
    """Takes views apart for the way."""

    def __init__(self) -> None:
        self._written: dict[int, tuple[Shown, bytes]] = {}
        """By the identity of a post, which it keeps: the post and its bytes."""

    def pack(self, views: Sequence[View]) -> Packed:
        """Take some apart."""
        written = self._written
        if len(written) >= KEPT:
            written.clear()
        places: dict[int, int] = {}
        posts: list[bytes] = []
        rows = []
        for view in views:
            numbers = []
            for post in view.posts:
                place = places.get(id(post))
                if place is None:
                    place = places[id(post)] = len(posts)
                    known = written.get(id(post))
                    if known is None:
                        known = written[id(post)] = (post, dumps(tuple(post), 5))
                    posts.append(known[1])
                numbers.append(place)
            rows.append((*view[:4], numbers, view.why if any(view.why) else None, *view[6:]))
        return posts, rows


def unpack(packed: Packed) -> list[View]:
    """Put views together again."""
    posts = [_read(post) for post in packed[0]]
    return [
        View(
            *(who, turn, now, seed),
            tuple([posts[place] for place in places]),
            why or ("",) * len(places),
            tuple([MessageSeen._make(message) for message in messages]) if messages else (),
            *rest,
        )
        for who, turn, now, seed, places, why, messages, *rest in packed[1]
    ]


@lru_cache(maxsize=KEPT)
def _read(post: bytes) -> Shown:
    return Shown._make(loads(post))  # noqa: S301  (what another actor of this run wrote)
