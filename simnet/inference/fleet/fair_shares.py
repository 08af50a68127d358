"""Several runs on one engine: each gets a fair share of the calls that it works on at once.

The engine has a number of slots. A slot that gets free goes to the run with the fewest calls in
flight of those that wait (max-min fairness), so a run alone has all slots, two have half each as
soon as calls of the first end, and none waits for the queue of another.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from simnet.errors import RunError
from simnet.inference.calls.fanout import as_finished
from simnet.inference.model import Completion, Model, Prompt

SLOTS = 1024
"""Slots of an engine that knows no limit of its own."""


class Share(NamedTuple):
    """What one run has of an engine."""

    client: str
    in_flight: int
    """Calls that the engine works on."""
    waiting: int
    """Calls that wait for a slot."""
    answered: int
    """Calls that are finished."""


class FairSlots:
    """Slots for which clients wait in queues of their own."""

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._arrivals = count()
        self._queues: dict[str, list[tuple[int, int, asyncio.Future[None]]]] = {}
        self._taken: dict[str, int] = {}

    async def enter(self, client: str, priority: int = 0) -> None:
        """Wait for a slot and take it; `leave` has to follow. Lower priorities come first."""
        slot = asyncio.get_running_loop().create_future()
        heappush(self._queues.setdefault(client, []), (priority, next(self._arrivals), slot))
        self._deal()
        try:
            await slot
        except asyncio.CancelledError:
            if slot.done() and not slot.cancelled():
                self.leave(client)
            raise

    def leave(self, client: str) -> None:
        """Give a slot back."""
        self._free += 1
        self._taken[client] -= 1
        if not self._taken[client]:
            del self._taken[client]
        self._deal()

    def taken(self, client: str) -> int:
        """Return how many slots a client has."""
        return self._taken.get(client, 0)

    def _deal(self) -> None:
        """Give free slots to those who wait; of equals, to who has waited longest."""
        while self._free and (client := self._next()) is not None:
            queue = self._queues[client]
            _, _, slot = heappop(queue)
            slot.set_result(None)
            self._free -= 1
            self._taken[client] = self.taken(client) + 1

    def _next(self) -> str | None:
        best: tuple[int, int] | None = None
        chosen: str | None = None
        for client, queue in list(self._queues.items()):
            while queue and queue[0][2].done():  # cancelled while it waited
                heappop(queue)
            if not queue:
                del self._queues[client]
                continue
            rank = self.taken(client), queue[0][1]
            if best is None or rank < best:
                best, chosen = rank, client
        return chosen


class SharedModel:
    """A model whose calls in flight are dealt fairly to the clients that ask it."""

    def __init__(self, model: Model, slots: int) -> None:
        self._model = model
        self._slots = FairSlots(slots)
        self._calls: dict[str, set[asyncio.Task[object]]] = {}
        self._answered: dict[str, int] = {}
        self._gone: set[str] = set()

    async def generate(
        self, prompts: Sequence[Prompt], client: str
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield completions as they finish; see `Model.generate`. Raises RunError once released."""

        async def complete(prompt: Prompt) -> Completion:
            return await self._complete(prompt, client)

        if client in self._gone:
            raise RunError(f"{client} has ended, so the engine takes no more of its calls")
        async for finished in as_finished(prompts, complete):
            yield finished

    def release(self, client: str) -> None:
        """Abort all calls of a client, and refuse further ones."""
        self._gone.add(client)
        for task in self._calls.pop(client, ()):
            task.cancel()
        self._answered.pop(client, None)

    def shares(self) -> list[Share]:
        """List what each client has that has called and was not released."""
        found = []
        for client, answered in self._answered.items():
            in_flight = self._slots.taken(client)
            waiting = len(self._calls.get(client, ())) - in_flight
            found.append(Share(client, in_flight, waiting, answered))
        return found

    async def _complete(self, prompt: Prompt, client: str) -> Completion:
        task = asyncio.current_task()
        assert task is not None
        calls = self._calls.setdefault(client, set())
        self._answered.setdefault(client, 0)
        calls.add(task)
        try:
            await self._slots.enter(client, prompt.priority)
            try:
                found = [pair async for some in self._model.generate([prompt]) for pair in some]
            finally:
                self._slots.leave(client)
        except asyncio.CancelledError:
            if client in self._gone:  # whoever gathers the calls is waiting for each to end
                raise RunError(f"{client} has ended, so its calls are aborted") from None
            raise
        finally:
            calls.discard(task)
        ((_, completion),) = found
        if client in self._answered:
            self._answered[client] += 1
        return completion
