"""Who engaged with which posts lately; rankings by taste and by popularity read it.

Each of its lists is bounded, so neither an event nor a look costs more as a run gets longer.
"""

from collections import deque
from copy import copy

from simnet.world.state.world_copy import Memo, nested

LIKED = 16
"""Posts kept of one member: the newest they wrote or engaged with."""
FANS = 64
"""Members kept of one post: the newest that engaged with it."""
POOL = 1024
"""Acts of engagement, by anybody, that make a post popular: the newest."""


class EngagementLog:
    """Who engaged with what. To engage is to react (not to dislike), answer, quote or repost."""

    def __init__(self) -> None:
        self._liked: dict[int, list[int]] = {}
        self._fans: dict[int, list[int]] = {}
        self._pool: deque[int] = deque()
        self._weight: dict[int, int] = {}
        self._ranked: list[int] | None = None

    def __deepcopy__(self, memo: Memo) -> "EngagementLog":
        fresh = copy(self)
        vars(fresh).update(
            _liked=nested(self._liked),
            _fans=nested(self._fans),
            _pool=self._pool.copy(),
            _weight=self._weight.copy(),
        )
        return fresh

    def liked(self, who: int) -> list[int]:
        """List the newest posts a member wrote or engaged with, oldest first."""
        return self._liked.get(who, [])

    def fans(self, post: int) -> list[int]:
        """List the members who engaged with a post, the newest of them, oldest first."""
        return self._fans.get(post, [])

    def popular(self, most: int) -> list[int]:
        """List the posts engaged with most often lately; of equals the newer first."""
        if self._ranked is None:
            weight = self._weight
            self._ranked = sorted(weight, key=lambda post: (weight[post], post), reverse=True)
        return self._ranked[:most]

    def wrote(self, who: int, post: int) -> None:
        """Note a post of a member's own."""
        _append(self._liked.setdefault(who, []), post, LIKED)

    def engaged(self, who: int, post: int) -> None:
        """Note that a member engaged with a post."""
        _append(self._liked.setdefault(who, []), post, LIKED)
        _append(self._fans.setdefault(post, []), who, FANS)
        self._pool.append(post)
        self._weight[post] = self._weight.get(post, 0) + 1
        if len(self._pool) > POOL:
            self._fade(self._pool.popleft())
        self._ranked = None

    def disengaged(self, who: int, post: int) -> None:
        """Note that a member took a reaction back; what it added to popularity stays."""
        if post in self._liked.get(who, ()):
            self._liked[who].remove(post)
        if who in self._fans.get(post, ()):
            self._fans[post].remove(who)

    def state(self) -> tuple[object, ...]:
        """Return all of it, sorted where order does not matter; part of the hash of the world."""
        return (
            sorted(pair for pair in self._liked.items() if pair[1]),
            sorted(pair for pair in self._fans.items() if pair[1]),
            list(self._pool),
        )

    def _fade(self, post: int) -> None:
        left = self._weight[post] - 1
        if left:
            self._weight[post] = left
        else:
            del self._weight[post]


def _append(kept: list[int], item: int, most: int) -> None:
    if item in kept:
        kept.remove(item)
    kept.append(item)
    if len(kept) > most:
        del kept[0]
