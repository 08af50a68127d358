"""The actors: plain classes, each a thin shell around a part that runs without it.

`simnet.runtime.ray.cluster` makes Ray actors of them; tests use them as they are. The doubles that
stand for an actor in another actor, such as `RemoteModel`, are in `simnet.runtime.ray.proxies`.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from simnet.agents.host import Host, ModelHandle
from simnet.agents.prompting.fitting import KnownReplies
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.recording.writing.recorder import Recorder
from simnet.runtime.agent_factory import agents_of, profile_lookup
from simnet.runtime.in_process import answers
from simnet.runtime.ray.gc_tuning import collect_rarely
from simnet.runtime.ray.llm_server import Ready
from simnet.runtime.ray.serialization import Packed, unpack
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch
from simnet.scheduler.messages import Answer


class Reached(NamedTuple):
    """A model that is elsewhere: what it is, and what stands for it here."""

    backend: Backend
    model: Model


class Home(NamedTuple):
    """What the agents of one process are made of."""

    scenario: Scenario
    models: Mapping[str | None, Reached]
    """By the names that cohorts give them."""
    replies: KnownReplies | None = None
    """Those that are recorded already."""
    changes: Sequence[ScenarioSwitch] = ()
    """How the scenario changes on the way."""

    def host(self) -> Host:
        """Make their host, in the process that is to hold it."""
        host = Host(
            agents_of(self.scenario),
            {
                name: ModelHandle(one.model, one.backend.encoder())
                for name, one in self.models.items()
            },
            replies=self.replies,
            minds=profile_lookup(self.scenario, self.changes) if self.changes else None,
        )
        collect_rarely()
        return host


class PersonaAgents:
    """Hosts agents, as many as `personas_per_actor` says."""

    def __init__(self, home: Home) -> None:
        self._host = home.host()

    async def start(self) -> Ready:
        """Say that the agents are there."""
        return Ready("agents", os.getpid())

    async def think(self, views: Packed) -> AsyncIterator[Answer]:
        """Let agents decide; yield decisions as they are ready."""
        async for answer in answers(self._host, unpack(views)):
            yield answer

    async def think_whole(self, views: Packed) -> list[Answer]:
        """Let agents decide; return all at once."""
        return await _whole(self._host, views)


class PersonaAgent:
    """Hosts one agent. It has one turn at a time, so its methods block.

    To Ray an actor with no coroutine among its methods costs a third less for each turn.
    """

    def __init__(self, home: Home) -> None:
        self._host = home.host()
        self._loop = asyncio.new_event_loop()

    def start(self) -> Ready:
        """Say that the agent is there."""
        return Ready("agents", os.getpid())

    def think_whole(self, views: Packed) -> list[Answer]:
        """Let it decide."""
        return self._loop.run_until_complete(_whole(self._host, views))


async def _whole(host: Host, views: Packed) -> list[Answer]:
    return [answer async for answer in answers(host, unpack(views))]


class RecordKeeper:
    """Holds the recorder: what it has acknowledged is on disk."""

    def __init__(self, folder: Path) -> None:
        self._recorder = Recorder(folder)

    def start(self) -> Ready:
        """Say that the record is open."""
        return Ready("record", os.getpid())

    def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Append batches in order and return when they are on disk."""
        for table, batch in batches:
            self._recorder.append(table, batch)
        self._recorder.commit()

    def seal(self) -> None:
        """Turn the segments into sealed tables."""
        self._recorder.seal()
