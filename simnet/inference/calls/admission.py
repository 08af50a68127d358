"""Admission control: a bounded number of requests in flight, and a priority queue for the rest."""

import asyncio
from heapq import heappop, heappush
from itertools import count


class Admission:
    """A semaphore whose waiters are admitted by priority, lower first, then by arrival.

    `limit` may be changed at any time; lowering it revokes no slot.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._queue: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = count()
        self.taken = 0
        """Slots in use."""
        self.waiting = 0
        """Requests that wait for a slot."""
        self._closed: Exception | None = None

    @property
    def limit(self) -> int:
        """The number of slots."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = limit
        self._admit()

    async def enter(self, priority: int = 0) -> None:
        """Wait for a slot and take it; the caller has to `leave` afterwards.

        Raises what `close` got.
        """
        if self._closed is not None:
            raise self._closed
        slot = asyncio.get_running_loop().create_future()
        heappush(self._queue, (priority, next(self._arrivals), slot))
        self.waiting += 1
        self._admit()
        try:
            await slot
        except asyncio.CancelledError:
            if slot.done() and not slot.cancelled():
                self.leave()
            raise
        finally:
            if slot.cancelled():
                self.waiting -= 1

    def leave(self) -> None:
        """Give a slot back."""
        self.taken -= 1
        self._admit()

    def close(self, error: Exception) -> None:
        """Admit nobody any more: raise `error` in all who wait, and in those who come."""
        self._closed = error
        for _, _, slot in self._queue:
            if not slot.done():
                slot.set_exception(error)
                self.waiting -= 1
        self._queue.clear()

    def _admit(self) -> None:
        while self._queue and self.taken < self._limit:
            _, _, slot = heappop(self._queue)
            if not slot.cancelled():
                slot.set_result(None)
                self.taken += 1
                self.waiting -= 1
