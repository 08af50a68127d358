"""The actors: plain classes, each a thin shell around a part that runs without it.

A constructor only keeps its arguments, and `start` does what can fail: Ray passes on what a method
raises, but of a constructor that fails it tells only that the actor died.

`simnet.runtime.ray.cluster` makes Ray actors of them; tests use them as they are. The proxies
through which one actor calls another, such as `RemoteModel`, are in
`simnet.runtime.ray.proxies`.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ray.actor import ActorHandle

from simnet.agents.host import Host
from simnet.agents.model_handle import ModelHandle
from simnet.agents.person_turn import Seats
from simnet.agents.prefetch.early_turns import EarlyView
from simnet.agents.prompting.fitting import KnownReplies
from simnet.foundation import log
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.recording.writing.recorder import Recorder
from simnet.runtime.agent_factory import agents_of, inquiry_of, profile_lookup
from simnet.runtime.code_watchdog import Watchdog
from simnet.runtime.gc_tuning import collect_rarely
from simnet.runtime.in_process import answers, early_answers, early_end
from simnet.runtime.placement import Placement
from simnet.runtime.printed_lines import capture_prints
from simnet.runtime.ray.agents.persona_shelf import PersonaShelf
from simnet.runtime.ray.engines.llm_server import Ready
from simnet.runtime.ray.held_lines import Line
from simnet.runtime.ray.progress_log import log_progress
from simnet.runtime.ray.proxies import RemoteAgentPool, RemoteRecord
from simnet.runtime.ray.run_gauges import RunGauges, published
from simnet.runtime.ray.serialization import Packed, unpack
from simnet.runtime.residents import Residents
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch
from simnet.scheduler.budget import UNLIMITED, Budget
from simnet.scheduler.continuing.continuation import Continuation
from simnet.scheduler.driver import Driver
from simnet.scheduler.failures.code_errors import OnError
from simnet.scheduler.prefetch.prefetch_settings import NO_PREFETCH, Prefetch
from simnet.scheduler.progress.messages import Answer, EarlyAnswer, Finish, Progress, Usage
from simnet.scheduler.tracing.trace_settings import TraceSettings

_AGENTS_LOG = log.get("simnet.agents")
_RECORDER_LOG = log.get("simnet.recorder")
_SCHEDULER_LOG = log.get("simnet.scheduler")


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
        if logs is not None:
            logs.set_up()
        self._spec, self._common = spec, common
        Watchdog().start()
        capture_prints()

    async def start(self) -> Ready:
        """Make the host; return once the agents can be run."""
        self._host = self._spec.build_host(self._common)
        return Ready("agents", os.getpid())

    async def think(self, views: Packed) -> AsyncIterator[Answer]:
        """Run agents; yield their decisions as they are ready."""
        unpacked = unpack(views)
        if unpacked:
            _AGENTS_LOG.debug("views received", count=len(unpacked), now=unpacked[-1].now)
        with log.failures(_AGENTS_LOG, "a turn failed"):
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
        return await early_end(self._host)


class PersonaAgent:
    """Hosts one agent. It has one turn at a time, so its methods block.

    A turn costs a third less on an actor that has no coroutine among its methods.
    """

    def __init__(
        self, spec: HostSpec, common: HostCommon, logs: log.ActorLogs | None = None
    ) -> None:
        if logs is not None:
            logs.set_up()
        self._spec, self._common = spec, common
        self._loop = asyncio.new_event_loop()
        Watchdog().start()
        capture_prints()

    def start(self) -> Ready:
        """Make the host; return once the agent can be run."""
        self._host = self._spec.build_host(self._common)
        return Ready("agents", os.getpid())

    def think_whole(self, views: Packed) -> list[Answer]:
        """Run the agent; return its decision."""
        return self._loop.run_until_complete(_whole(self._host, views))


async def _whole(host: Host, views: Packed) -> list[Answer]:
    with log.failures(_AGENTS_LOG, "a turn failed"):
        return [answer async for answer in answers(host, unpack(views))]


class RecordKeeper:
    """Holds the recorder."""

    def __init__(self, folder: Path, logs: log.ActorLogs | None = None) -> None:
        if logs is not None:
            logs.set_up()
        self._folder = folder

    def start(self) -> Ready:
        """Open the record and take its epoch."""
        self._recorder = Recorder(self._folder)
        _RECORDER_LOG.info("record opened", epoch=self._recorder.epoch)
        return Ready("record", os.getpid())

    def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Append batches in order and return when they are on disk."""
        with log.failures(_RECORDER_LOG, "rows were not written"):
            for table, batch in batches:
                self._recorder.append(table, batch)
            self._recorder.commit()

    def keep_logs(self, lines: Sequence[Line]) -> None:
        """Append lines of actors on other nodes to their logs."""
        log.append_lines(self._folder, lines)

    def seal(self) -> None:
        """Turn the segments into sealed tables."""
        with log.failures(_RECORDER_LOG, "the record was not sealed"):
            sealed = self._recorder.seal()
        _RECORDER_LOG.info("record sealed", rows=sealed.rows)


class SchedulerActor:
    """Holds the kernel and its driver."""

    def __init__(
        self,
        scenario: Scenario,
        hosts: list[ActorHandle],
        placement: Placement,
        recorder: ActorHandle,
        continuation: Continuation | None = None,
        budget: Budget = UNLIMITED,
        on_error: OnError = "stop",
        prefetch: Prefetch = NO_PREFETCH,
        trace: TraceSettings | None = None,
        logs: log.ActorLogs | None = None,
    ) -> None:
        if logs is not None:
            logs.set_up()
        self._run = logs.run.name if logs is not None else None
        agent_pool, record = RemoteAgentPool(hosts, placement), RemoteRecord(recorder)
        self._make_driver = partial(
            Driver,
            scenario,
            agent_pool,
            record,
            continuation,
            budget,
            on_error=on_error,
            prefetch=prefetch,
            trace=trace,
        )
        self._driver: Driver | None = None
        self._stopped = False
        Watchdog().start()
        capture_prints()

    async def start(self) -> Ready:
        """Make the kernel."""
        self._driver = self._make_driver()
        collect_rarely()
        return Ready("scheduler", os.getpid())

    async def run(self) -> AsyncIterator[Progress | Finish]:
        """Run to the end; yield progress, and a Finish as the last item."""
        with log.failures(_SCHEDULER_LOG, "the run failed"):
            assert self._driver is not None
            if self._stopped:
                self._driver.stop()
            updates = log_progress(self._driver.run())
            if self._run is not None:
                updates = published(updates, RunGauges(self._run))
            async for update in updates:
                yield update

    async def stop(self) -> None:
        """Start no more turns."""
        _SCHEDULER_LOG.info("stopping")
        self._stopped = True
        if self._driver is not None:
            self._driver.stop()
