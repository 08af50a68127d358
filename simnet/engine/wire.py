"""Views on their way between processes: each post once a list, and no class by name.

A popular post is in hundreds of the views of one list, and pickling a NamedTuple costs three
times what a tuple does.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

from simnet.world.posts import Message, Shown, View

Packed: TypeAlias = tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]
"""Posts, and views with positions in their place."""


def pack(views: Sequence[View]) -> Packed:
    """Take views apart for the way."""
    places: dict[int, int] = {}
    posts: list[Shown] = []
    rows = []
    for view in views:
        numbers = []
        for post in view.posts:
            place = places.get(id(post))
            if place is None:
                place = places[id(post)] = len(posts)
                posts.append(post)
            numbers.append(place)
        rows.append((*view[:4], numbers, view.why if any(view.why) else None, *view[6:]))
    return [tuple(post) for post in posts], rows


def unpack(packed: Packed) -> list[View]:
    """Put views together again."""
    posts = [Shown._make(post) for post in packed[0]]
    return [
        View(
            *(who, turn, now, seed),
            tuple([posts[place] for place in places]),
            why or ("",) * len(places),
            tuple([Message._make(message) for message in messages]) if messages else (),
            *rest,
        )
        for who, turn, now, seed, places, why, messages, *rest in packed[1]
    ]
