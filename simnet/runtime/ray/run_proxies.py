"""Proxies through which the scheduler calls the other actors: agents and the record."""

from collections.abc import AsyncIterator, Sequence

from ray.actor import ActorHandle

from simnet.agents.prefetch.early_turns import EarlyView
from simnet.runtime.placement import Placement
from simnet.runtime.ray.proxies import stream, unwrapped
from simnet.runtime.ray.serialization import Packer
from simnet.scheduler.progress.messages import Answer, EarlyAnswer, Usage
from simnet.world.state.posts import View


class RemoteAgentPool:
    """Proxy of the actors that run agents."""

    def __init__(self, hosts: Sequence[ActorHandle], placement: Placement) -> None:
        self._hosts = hosts
        self._host_of = placement.host_of
        self._pack = Packer().pack

    def host_of(self, who: str) -> int:
        """Return the number of the actor that runs this persona."""
        return self._host_of[who]

    async def think(self, host: int, views: Sequence[View]) -> AsyncIterator[Answer]:
        """Send views to one actor and yield its answers."""
        if len(views) == 1:  # nothing to stream, and a plain call costs half
            with unwrapped():
                whole = await self._hosts[host].think_whole.remote(self._pack(views))
            for answer in whole:
                yield answer
            return
        async for answer in stream(self._hosts[host].think, self._pack(views)):
            yield answer

    async def look_ahead(self, host: int, views: Sequence[EarlyView]) -> AsyncIterator[EarlyAnswer]:
        """Have one actor play turns early; yield how they end."""
        tickets, packed = [one.ticket for one in views], self._pack([one.view for one in views])
        async for answer in stream(self._hosts[host].look_ahead, tickets, packed):
            yield answer

    async def forget(self, host: int, tickets: Sequence[int]) -> None:
        """Have one actor abort early turns."""
        with unwrapped():
            await self._hosts[host].forget.remote(tickets)

    async def end_ahead(self, host: int) -> Usage:
        """Have one actor abort all early turns; return what early calls cost since."""
        with unwrapped():
            usage: Usage = await self._hosts[host].end_ahead.remote()
        return usage


class RemoteRecord:
    """Proxy of the recorder in another actor."""

    def __init__(self, recorder: ActorHandle) -> None:
        self._recorder = recorder

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Append batches; return when they are on disk."""
        with unwrapped():
            await self._recorder.write.remote(batches)
