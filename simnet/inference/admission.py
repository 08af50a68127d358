"""Who may ask a model now: a bounded number, and of those who wait the most urgent first."""

import asyncio
from heapq import heappop, heappush
from itertools import count


class Admission:
    """A number of places. Lower priority goes first, and of equals who came first.

    `limit` may be changed at any time; lowering it takes no place away.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._queue: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = count()
        self.taken = 0
        """Places that are taken."""
        self.waiting = 0
        """How many wait for one."""

    @property
    def limit(self) -> int:
        """How many places there are."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = limit
        self._admit()

    async def enter(self, priority: int = 0) -> None:
        """Wait for a place and take it; whoever does has to `leave`."""
        place = asyncio.get_running_loop().create_future()
        heappush(self._queue, (priority, next(self._arrivals), place))
        self.waiting += 1
        self._admit()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave()
            raise
        finally:
            if place.cancelled():
                self.waiting -= 1

    def leave(self) -> None:
        """Give a place back."""
        self.taken -= 1
        self._admit()

    def _admit(self) -> None:
        while self._queue and self.taken < self._limit:
            _, _, place = heappop(self._queue)
            if not place.cancelled():
                place.set_result(None)
                self.taken += 1
                self.waiting -= 1
