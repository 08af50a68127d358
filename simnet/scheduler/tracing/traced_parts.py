"""The kernel and the agents of a run that is traced: they tell a trace what they do.

A run that is not traced has none of them.
"""

from collections.abc import AsyncIterator, Sequence
from math import inf
from typing import Any

from simnet.clock import Seconds
from simnet.kernel.kernel import Kernel
from simnet.kernel.rows import Rows
from simnet.kernel.status import Status
from simnet.scheduler.partners import AgentPool
from simnet.scheduler.progress.messages import Answer
from simnet.scheduler.tracing.turn_trace import TurnTrace
from simnet.world.state.posts import View


class TracedKernel(Kernel):
    """A kernel that tells which views it has made and which turns have landed."""

    def __init__(self, trace: TurnTrace, *arguments: Any, **options: Any) -> None:
        """Take the trace, and what a Kernel takes."""
        self._trace = trace
        super().__init__(*arguments, **options)

    def advance(self, most_views: int, until: Seconds = inf) -> Status:
        """Let time pass, as a Kernel does."""
        before = len(self.views)
        status = super().advance(most_views, until)
        self._trace.seen(self.views[before:])
        return status

    def take_rows(self) -> Rows:
        """Return the rows made since the last call."""
        rows = super().take_rows()
        self._trace.landed(rows.events)
        return rows


class TracedAgents:
    """An agent pool that tells when views are sent, and what comes back; else it is the other."""

    def __init__(self, agent_pool: AgentPool, trace: TurnTrace) -> None:
        self._agent_pool, self._trace = agent_pool, trace

    def __getattr__(self, name: str) -> Any:
        return getattr(self._agent_pool, name)

    def host_of(self, who: str) -> int:
        """Return the number of the host that runs this persona."""
        return self._agent_pool.host_of(who)

    async def think(self, host: int, views: Sequence[View]) -> AsyncIterator[Answer]:
        """Send views to one host; yield its answers."""
        sampled = self._trace.sent(host, views)
        async for answer in self._agent_pool.think(host, views):
            if sampled:
                if answer.calls:
                    self._trace.called(answer.calls)
                for one in answer.decisions:
                    self._trace.decided(one.who, one.turn, recalled=answer.recalled > 0)
            yield answer
