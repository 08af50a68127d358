"""Several replicas of a model as one Model, in the process that sends the prompts.

`simnet.inference.fleet.routing` chooses the replica of each prompt. When a replica dies, the
prompts it has not answered are sent unchanged to the others, and it gets prompts again once it is
back.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from simnet.errors import ModelGoneError, RunError
from simnet.foundation.text import counted
from simnet.inference.fleet.routing import Routes
from simnet.inference.model import Completion, Prompt

_Finished: TypeAlias = list[tuple[int, Completion]]
_Arrived: TypeAlias = "asyncio.Queue[_Finished | dict[int, Prompt] | Exception]"
"""Completions by position, or prompts that were lost with their replica, or an error."""


class Replica(Protocol):
    """A client of one replica."""

    def ask(self, prompts: Sequence[Prompt]) -> AsyncIterator[_Finished]:
        """Yield what `Model.generate` does. Raises ModelGoneError when it dies on the way."""
        ...

    async def back(self) -> None:
        """Return when a replica that died serves again. Raises RunError when it never will."""
        ...


class Replicas:
    """A Model of several replicas."""

    def __init__(
        self, name: str, replicas: Sequence[Replica], routes: Routes, least: int | None = None
    ) -> None:
        """Take the replicas and the choice among them; `least` may not be gone for good.

        By default that is all of them.
        """
        self.name = name
        self._least = len(replicas) if least is None else least
        self._replicas = replicas
        self._routes = routes
        self._loads = [0] * len(replicas)
        """Prompts in flight from this process, for each replica."""
        self._dead: dict[int, asyncio.Task[None]] = {}
        """Dead replicas, each with a task that waits for its return."""

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
        """Do nothing: the process that has started the replicas closes them."""

    async def _send(
        self, prompts: Mapping[int, Prompt], arrived: _Arrived
    ) -> set[asyncio.Task[None]]:
        """Send each prompt to a living replica; waits while there is none."""
        await self._any_alive()
        groups: dict[int, dict[int, Prompt]] = {}
        for position, prompt in prompts.items():
            number = self._routes.pick(prompt.routing_key, prompt.adapter, self._loads, self._dead)
            self._loads[number] += 1
            groups.setdefault(number, {})[position] = prompt
        return {self._begin(number, group, arrived) for number, group in groups.items()}

    def _begin(
        self, number: int, group: dict[int, Prompt], arrived: _Arrived
    ) -> asyncio.Task[None]:
        def release(_: asyncio.Task[None]) -> None:
            self._loads[number] -= len(group)

        task = asyncio.create_task(self._ask(number, group, arrived))
        task.add_done_callback(release)  # a task that is cancelled early never runs its `finally`
        return task

    async def _ask(self, number: int, group: dict[int, Prompt], arrived: _Arrived) -> None:
        """Send `group` to one replica; finished prompts are removed from `group`."""
        positions = list(group)
        try:
            async for finished in self._replicas[number].ask(list(group.values())):
                new = [(positions[at], done) for at, done in finished]
                for position, _ in new:
                    del group[position]
                self._loads[number] -= len(new)
                arrived.put_nowait(new)
        except ModelGoneError:
            if number not in self._dead:
                self._dead[number] = asyncio.create_task(self._wait_for_return(number))
            if group:
                arrived.put_nowait(dict(group))
        except Exception as fault:  # noqa: BLE001  (handed to the consumer, which raises it)
            arrived.put_nowait(fault)
        else:
            if group:
                text = f"a replica of {self.name!r} left {counted(len(group), 'prompt')} unanswered"
                arrived.put_nowait(RunError(text))

    async def _wait_for_return(self, number: int) -> None:
        await self._replicas[number].back()
        del self._dead[number]

    async def _any_alive(self) -> None:
        """Return when a replica is alive. Raises RunError when too few will come back."""
        while True:
            gone = [waiting for waiting in tuple(self._dead.values()) if waiting.done()]
            if len(self._replicas) - len(gone) < self._least:
                gone[-1].result()
            if len(self._dead) < len(self._replicas):
                return
            waiting_for = [waiting for waiting in self._dead.values() if not waiting.done()]
            if not waiting_for:
                gone[-1].result()
            await asyncio.wait(waiting_for, return_when=asyncio.FIRST_COMPLETED)
