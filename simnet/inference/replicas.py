"""Several replicas of a model that stand as one, in the process of those who ask.

They are told apart by whom they serve best, see `simnet.inference.routing`. When one is gone, the
prompts it has not answered are asked again of the others, as they were; it is asked again once
it is back.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from simnet.errors import ModelGoneError, RunError
from simnet.inference.model import Completion, Prompt
from simnet.inference.routing import Routes

_Finished: TypeAlias = list[tuple[int, Completion]]
_Arrived: TypeAlias = "asyncio.Queue[_Finished | dict[int, Prompt] | Exception]"
"""Completions by position, or prompts that were lost with their replica, or what went wrong."""


class Replica(Protocol):
    """One replica as it is reached from here."""

    def ask(self, prompts: Sequence[Prompt]) -> AsyncIterator[_Finished]:
        """Yield what `Model.generate` does. Raises ModelGoneError when it dies on the way."""
        ...

    async def back(self) -> None:
        """Return when one that died serves again. Raises RunError when it never will."""
        ...


class Replicas:
    """A model of several replicas; a Model."""

    def __init__(self, name: str, replicas: Sequence[Replica], routes: Routes) -> None:
        self.name = name
        self._replicas = replicas
        self._routes = routes
        self._loads = [0] * len(replicas)
        """Prompts each has in flight from here."""
        self._away: dict[int, asyncio.Task[None]] = {}
        """Those that are gone, with what waits for their return."""

    async def generate(self, prompts: Sequence[Prompt]) -> AsyncIterator[_Finished]:
        """Send prompts to replicas and yield what comes back, each position once.

        Raises RunError when a replica will not come back.
        """
        arrived: _Arrived = asyncio.Queue()
        left = len(prompts)
        tasks: set[asyncio.Task[None]] = set()
        try:
            tasks |= await self._send(dict(enumerate(prompts)), arrived)
            while left:
                match await arrived.get():
                    case Exception() as fault:
                        raise fault
                    case dict() as lost:
                        tasks |= await self._send(lost, arrived)
                    case finished:
                        left -= len(finished)
                        yield finished
        finally:
            for task in tasks:
                task.cancel()

    async def close(self) -> None:
        """Leave the replicas to whoever started them."""

    async def _send(
        self, prompts: Mapping[int, Prompt], arrived: _Arrived
    ) -> set[asyncio.Task[None]]:
        """Ask each prompt of a replica that is there; waits while there is none."""
        await self._someone()
        groups: dict[int, dict[int, Prompt]] = {}
        for position, prompt in prompts.items():
            place = self._routes.pick(prompt.asker, prompt.adapter, self._loads, self._away)
            self._loads[place] += 1
            groups.setdefault(place, {})[position] = prompt
        return {self._begin(place, group, arrived) for place, group in groups.items()}

    def _begin(self, place: int, group: dict[int, Prompt], arrived: _Arrived) -> asyncio.Task[None]:
        def ended(_: asyncio.Task[None]) -> None:
            self._loads[place] -= len(group)

        task = asyncio.create_task(self._ask(place, group, arrived))
        task.add_done_callback(ended)  # a task that is cancelled early never runs its `finally`
        return task

    async def _ask(self, place: int, group: dict[int, Prompt], arrived: _Arrived) -> None:
        """Ask one replica; what is finished leaves `group`."""
        positions = list(group)
        try:
            async for finished in self._replicas[place].ask(list(group.values())):
                new = [(positions[at], done) for at, done in finished]
                for position, _ in new:
                    del group[position]
                self._loads[place] -= len(new)
                arrived.put_nowait(new)
        except ModelGoneError:
            if place not in self._away:
                self._away[place] = asyncio.create_task(self._await_return(place))
            if group:
                arrived.put_nowait(dict(group))
        except Exception as fault:  # noqa: BLE001  (handed to the consumer, which raises it)
            arrived.put_nowait(fault)
        else:
            if group:
                told = f"a replica of {self.name!r} left {len(group)} prompts unanswered"
                arrived.put_nowait(RunError(told))

    async def _await_return(self, place: int) -> None:
        await self._replicas[place].back()
        del self._away[place]

    async def _someone(self) -> None:
        """Return when a replica is there. Raises RunError when one will not come back."""
        while True:
            for waiting in tuple(self._away.values()):
                if waiting.done():
                    waiting.result()
            if len(self._away) < len(self._replicas):
                return
            await asyncio.wait(self._away.values(), return_when=asyncio.FIRST_COMPLETED)
