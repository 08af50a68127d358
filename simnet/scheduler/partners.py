"""What a scheduler talks to: the hosts that run agents, and the record."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from simnet.scheduler.messages import Answer
from simnet.world.state.posts import View


class AgentPool(Protocol):
    """The hosts that run agents, in this process or on a cluster."""

    def host_of(self, who: str) -> int:
        """Return the number of the host that runs this persona."""
        ...

    def think(self, host: int, views: Sequence[View]) -> AsyncIterator[Answer]:
        """Send views to one host; yield answers as they are ready, one decision for each view."""
        ...


class Record(Protocol):
    """A recorder, in this process or in another."""

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Append batches of (table, encoded rows) in order; return when they are on disk."""
        ...
