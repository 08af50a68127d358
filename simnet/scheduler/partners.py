"""What a scheduler talks to: the hosts that run agents, and the record."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from simnet.agents.prefetch.early_turns import EarlyView
from simnet.scheduler.progress.messages import Answer, EarlyAnswer, Usage
from simnet.world.state.posts import View


class AgentPool(Protocol):
    """The hosts that run agents, in this process or on a cluster."""

    def host_of(self, who: str) -> int:
        """Return the number of the host that runs this persona."""
        ...

    def think(self, host: int, views: Sequence[View]) -> AsyncIterator[Answer]:
        """Send views to one host; yield answers as they are ready, one decision for each view."""
        ...


class EarlyAgentPool(AgentPool, Protocol):
    """An agent pool whose hosts play turns early."""

    def look_ahead(self, host: int, views: Sequence[EarlyView]) -> AsyncIterator[EarlyAnswer]:
        """Send likely views to one host; yield how their early turns end, each once."""
        ...

    async def forget(self, host: int, tickets: Sequence[int]) -> None:
        """Abort early turns of one host."""
        ...

    async def end_ahead(self, host: int) -> Usage:
        """Abort all early turns of one host; return what early calls cost since its last answer."""
        ...


class Record(Protocol):
    """A recorder, in this process or in another."""

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Append batches of (table, encoded rows) in order; return when they are on disk."""
        ...
