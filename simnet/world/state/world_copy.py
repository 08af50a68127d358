"""Copies a world, so that the copy can be changed while the world stays as it is.

`copy.deepcopy` does the same about fifty times slower, because it visits each number. Here each
attribute is copied in the way that its kind of value needs, and what nothing changes is shared.
An attribute that is not named here is copied with `copy.deepcopy`.
"""

from collections.abc import Callable, Iterable, Mapping, MutableSequence, Sequence
from copy import copy, deepcopy
from types import MappingProxyType
from typing import Any, TypeVar, overload

from simnet.world.state.posts import Post

W = TypeVar("W")
Memo = dict[int, Any]
"""What `copy.deepcopy` hands on: the copies made so far, by `id` of the original."""

_SHARED = ("handles", "cohorts", "index", "facts", "_folded")
"""Never changed, or filled with what is the same for all copies."""
_FLAT = (
    "posted",
    "entry_times",
    "entry_of",
    "recent",
    "_entered",
    "reactions",
    "reposted",
    "forget_at",
    "findings",
    "report_queue",
    "strikes",
    "pins",
    "suspended",
    "suspension_ends",
    "absent",
    "triggered",
    "state_changes",
)
"""Containers of values that are never changed."""
_NESTED = (
    "reposters",
    "seen",
    "open_reports",
    "settled_reports",
    "mutes",
    "blocks",
    "blocked_by",
    "groups",
    "mail",
    "mentions",
)
"""Mappings of such containers."""


def nested(table: dict[Any, Any]) -> dict[Any, Any]:
    """Copy a mapping and the containers in it."""
    fresh = table.copy()
    for key, value in table.items():
        fresh[key] = value.copy()
    return fresh


class CopiedPosts(MutableSequence[Post]):
    """The posts of a copy of a world; each is copied when it is first read.

    It is no list, since functions that are written in C read a list past its methods.
    """

    def __init__(self, posts: Sequence[Post]) -> None:
        self._originals = list(posts)
        self._own: dict[int, Post] = {}

    def __len__(self) -> int:
        return len(self._originals)

    @overload
    def __getitem__(self, place: int) -> Post: ...
    @overload
    def __getitem__(self, place: slice) -> list[Post]: ...
    def __getitem__(self, place: int | slice) -> Post | list[Post]:
        if isinstance(place, slice):
            return [self._copy_of(post) for post in self._originals[place]]
        return self._copy_of(self._originals[place])

    def _copy_of(self, post: Post) -> Post:
        found = self._own.get(post.id)
        if found is not None:
            return found
        first = fresh = self._own[post.id] = copy(post)
        while (quoted := fresh.quotes) is not None:  # copies do not refer to originals
            known = self._own.get(quoted.id)
            if known is not None:
                fresh.quotes = known
                break
            fresh.quotes = self._own[quoted.id] = copy(quoted)
            fresh = fresh.quotes
        return first

    def insert(self, place: int, post: Post) -> None:
        """Put a new post in; it is not copied."""
        self._originals.insert(place, post)
        self._own[post.id] = post

    @overload
    def __setitem__(self, place: int, post: Post) -> None: ...
    @overload
    def __setitem__(self, place: slice, post: Iterable[Post]) -> None: ...
    def __setitem__(self, place: int | slice, post: Post | Iterable[Post]) -> None:
        raise TypeError("the posts of a world are not replaced")

    def __delitem__(self, place: int | slice) -> None:
        raise TypeError("the posts of a world are not deleted")


class CopiedTimeline(Sequence[tuple[int, Post]]):
    """The timeline of a copy of a world, whose posts are those of the copy."""

    def __init__(self, timeline: Sequence[tuple[int, Post]], posts: CopiedPosts) -> None:
        self._entries, self._posts = list(timeline), posts

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, place: int) -> tuple[int, Post]: ...
    @overload
    def __getitem__(self, place: slice) -> list[tuple[int, Post]]: ...
    def __getitem__(self, place: int | slice) -> tuple[int, Post] | list[tuple[int, Post]]:
        if isinstance(place, slice):
            return [(who, self._posts[post.id]) for who, post in self._entries[place]]
        who, post = self._entries[place]
        return who, self._posts[post.id]

    def append(self, entry: tuple[int, Post]) -> None:
        """Add an entry at the end."""
        self._entries.append(entry)


_COPIED: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        **dict.fromkeys(_SHARED, lambda value: value),
        **dict.fromkeys(_FLAT, copy),
        **dict.fromkeys(_NESTED, nested),
    }
)
"""How attributes are copied, but for those that refer to posts and those that verbs may define."""


def copied(world: W, memo: Memo) -> W:
    """Return a copy of a world. Raises what `copy.deepcopy` raises for what verbs keep."""
    fresh = object.__new__(type(world))
    memo[id(world)] = fresh
    old, new = vars(world), vars(fresh)
    new["posts"] = posts = CopiedPosts(old["posts"])
    new["timeline"] = CopiedTimeline(old["timeline"], posts)
    for name, value in old.items():
        if name in new:
            continue
        made = _COPIED.get(name)
        new[name] = made(value) if made is not None else deepcopy(value, memo)
    return fresh
