"""The actors of personas: thin shells around a Host.

As in all actors, a constructor only keeps its arguments, and `start` does what can fail: Ray passes
on what a method raises, but of a constructor that fails it tells only that the actor died.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple

from simnet.agents.host import Host
from simnet.agents.model_handle import ModelHandle
from simnet.agents.person_turn import Seats
from simnet.agents.prefetch.early_turns import EarlyView
from simnet.agents.prompting.fitting import KnownReplies
from simnet.foundation import log
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.runtime.agent_factory import agents_of, inquiry_of, profile_lookup
from simnet.runtime.answering import answers, early_answers, early_end
from simnet.runtime.gc_tuning import collect_rarely
from simnet.runtime.ray.actor_ready import Ready
from simnet.runtime.ray.agents.persona_shelf import PersonaShelf
from simnet.runtime.ray.serialization import Packed, unpack
from simnet.runtime.ray.user_code_process import set_up
from simnet.runtime.residents import Residents
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch
from simnet.scheduler.progress.messages import Answer, EarlyAnswer, Usage

_LOG = log.get("simnet.agents")


class HostCommon(NamedTuple):
    """What all agent actors of a run need; it is once in Ray's object store."""

    scenario: Scenario
    """Its common part; explicit personas are on shelves."""
    backends: Mapping[str | None, Backend]
    """What the models are, by the names that cohorts give them: encoders are made from it."""
    switches: Sequence[ScenarioSwitch] = ()
    """The scenarios that the run switches to, likewise."""


class HostSpec(NamedTuple):
    """What one agent actor needs beside that to build its Host."""

    residents: Residents
    """The people whose agents it runs."""
    models: Mapping[str | None, Model]
    """Proxies of the models that its agents ask, by the names that cohorts give them."""
    replies: KnownReplies | None = None
    """Recorded replies."""
    seats: Seats | None = None
    """Those of its agents that people may take, if there are any."""
    looks_ahead: bool = False
    """Whether turns may be played early."""

    def build_host(self, common: HostCommon) -> Host:
        """Build the host; called in the process that holds it."""
        scenario, switches, places = common.scenario, common.switches, self.residents.places
        for place, persona in self.residents.personas.items():
            for one in (scenario, *(switch.scenario for switch in switches)):
                shelf = one.cohorts[place.cohort].personas
                assert isinstance(shelf, PersonaShelf)
                shelf.add({place.position: persona})
        host = Host(
            agents_of(scenario, places),
            {
                name: ModelHandle(model, common.backends[name].encoder())
                for name, model in self.models.items()
            },
            replies=self.replies,
            profile_of=profile_lookup(scenario, switches, places) if switches else None,
            inquiry=inquiry_of(scenario, switches),
            seats=self.seats,
            looks_ahead=self.looks_ahead,
        )
        collect_rarely()
        return host


class PersonaAgents:
    """Hosts several agents."""

    def __init__(
        self, spec: HostSpec, common: HostCommon, logs: log.ActorLogs | None = None
    ) -> None:
        set_up(logs)
        self._spec, self._common = spec, common

    async def start(self) -> Ready:
        """Make the host; return once the agents can be run."""
        self._host = self._spec.build_host(self._common)
        return Ready("agents", os.getpid())

    async def think(self, views: Packed) -> AsyncIterator[Answer]:
        """Run agents; yield their decisions as they are ready."""
        unpacked = unpack(views)
        if unpacked:
            _LOG.debug("views received", count=len(unpacked), now=unpacked[-1].now)
        with log.failures(_LOG, "a turn failed"):
            async for answer in answers(self._host, unpacked):
                yield answer

    async def think_whole(self, views: Packed) -> list[Answer]:
        """Run agents; return all their decisions together."""
        return await _whole(self._host, views)

    async def look_ahead(self, tickets: Sequence[int], views: Packed) -> AsyncIterator[EarlyAnswer]:
        """Play turns early; yield how they end."""
        early = [EarlyView(*one) for one in zip(tickets, unpack(views), strict=True)]
        async for answer in early_answers(self._host, early):
            yield answer

    async def forget(self, tickets: Sequence[int]) -> None:
        """Abort early turns."""
        self._host.early.forget(tickets)

    async def end_ahead(self) -> Usage:
        """Abort all early turns; return what early calls cost since the last answer."""
        return early_end(self._host)


class PersonaAgent:
    """Hosts one agent. It has one turn at a time, so its methods block.

    A turn costs a third less on an actor that has no coroutine among its methods.
    """

    def __init__(
        self, spec: HostSpec, common: HostCommon, logs: log.ActorLogs | None = None
    ) -> None:
        set_up(logs)
        self._spec, self._common = spec, common
        self._loop = asyncio.new_event_loop()

    def start(self) -> Ready:
        """Make the host; return once the agent can be run."""
        self._host = self._spec.build_host(self._common)
        return Ready("agents", os.getpid())

    def think_whole(self, views: Packed) -> list[Answer]:
        """Run the agent; return its decision."""
        return self._loop.run_until_complete(_whole(self._host, views))


async def _whole(host: Host, views: Packed) -> list[Answer]:
    with log.failures(_LOG, "a turn failed"):
        return [answer async for answer in answers(host, unpack(views))]
