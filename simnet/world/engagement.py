"""What members turned to lately: the memory that rankings by taste and by popularity need.

It follows from the events alone, so replaying them rebuilds it, and each of its lists is
bounded, so neither an event nor a look costs more as a run gets longer.
"""

from collections import deque

LIKINGS = 16
"""How many posts a member's taste is made of: the newest they wrote or engaged with."""
FANS = 64
"""How many members are remembered as engaged with one post: the newest."""
POOL = 1024
"""How many acts of engagement, whoever's, count as lately."""


class EngagementLog:
    """Who engaged with what. To engage is to react (not to dislike), answer, quote or repost."""

    def __init__(self) -> None:
        self._likings: dict[int, list[int]] = {}
        self._fans: dict[int, list[int]] = {}
        self._pool: deque[int] = deque()
        self._weight: dict[int, int] = {}
        self._ranked: list[int] | None = None

    def likings(self, who: int) -> list[int]:
        """List the newest posts a member wrote or engaged with, oldest first."""
        return self._likings.get(who, [])

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
        _append(self._likings.setdefault(who, []), post, LIKINGS)

    def engaged(self, who: int, post: int) -> None:
        """Note that a member engaged with a post."""
        _append(self._likings.setdefault(who, []), post, LIKINGS)
        _append(self._fans.setdefault(post, []), who, FANS)
        self._pool.append(post)
        self._weight[post] = self._weight.get(post, 0) + 1
        if len(self._pool) > POOL:
            self._fade(self._pool.popleft())
        self._ranked = None

    def took_back(self, who: int, post: int) -> None:
        """Forget that a member engaged with a post; the attention it drew stays."""
        if post in self._likings.get(who, ()):
            self._likings[who].remove(post)
        if who in self._fans.get(post, ()):
            self._fans[post].remove(who)

    def state(self) -> tuple[object, ...]:
        """Give all of it in an order that does not depend on how it came about."""
        return (
            sorted(pair for pair in self._likings.items() if pair[1]),
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
