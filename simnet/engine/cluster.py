"""Makes Ray actors of plain classes, drives a run, takes all down."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import ray
from ray.actor import ActorHandle
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from simnet.engine.actors import PersonaAgents, RecordKeeper
from simnet.engine.garbage import collect_rarely
from simnet.engine.gauges import Gauges
from simnet.engine.llm_server import CLOSING_TIME, LlmServer
from simnet.engine.news import Finish, Progress
from simnet.engine.past import Past
from simnet.engine.placement import PersonasPerActor, Placement, place
from simnet.engine.play import Phases, Play
from simnet.engine.remote import (
    RemoteMinds,
    RemoteModel,
    RemoteRecord,
    stream,
    unwrapped,
)
from simnet.engine.restarts import RESTARTS, Restarts
from simnet.engine.supervisor import Supervisor
from simnet.errors import RunError, SimnetError
from simnet.inference.backend import Backend
from simnet.recording.replies import Recorded
from simnet.scenario.change import Change
from simnet.scenario.scenario import Scenario

_CALLS = 10_000
"""Calls the server works on at once: more than there can be, so that none waits behind work.

Concurrency groups would not do: each has an event loop of its own.
"""


class SchedulerActor:
    """Holds the kernel and its driver."""

    def __init__(
        self,
        scenario: Scenario,
        hosts: list[ActorHandle],
        placement: Placement,
        keeper: ActorHandle,
        past: Past | None = None,
    ) -> None:
        minds, record = RemoteMinds(hosts, placement), RemoteRecord(keeper)
        self._play = Play(scenario, minds, record, past)
        collect_rarely()

    async def run(self) -> AsyncIterator[Progress | Finish]:
        """Run to the end; yield progress, and how it ended as the last thing."""
        async for news in self._play.run():
            yield news

    async def stop(self) -> None:
        """Begin nothing more."""
        self._play.stop()


class Cluster:
    """The actors of one run. Use it as an async context manager."""

    def __init__(
        self,
        scenario: Scenario,
        backend: Backend,
        folder: Path,
        *,
        address: str | None = None,
        personas_per_actor: PersonasPerActor = "auto",
        modules: Sequence[ModuleType] = (),
        restarts: int = RESTARTS,
        past: Past | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take what to run and where.

        `modules` are the scenario's that other processes cannot import; their code is sent along.
        `restarts` says how often a model that died is started again before the run ends, `past`
        what is recorded already.
        """
        self._scenario = scenario
        self._backend = backend
        self._folder = folder.resolve()
        self._address = address
        self._per_actor = personas_per_actor
        self._say = say
        self._modules = modules
        self._restarts = Restarts(restarts)
        self._past = past
        self._started_ray = False
        self._engine_is_up = False
        self._supervisor: Supervisor | None = None
        self._handles: list[ActorHandle] = []
        self.phases = Phases()
        self.placement: Placement | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._take_down()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._take_down()

    async def _start(self) -> None:
        self._say("starting Ray" if self._address is None else f"connecting to {self._address}")
        self._connect()
        self.phases.end("ray")
        for module in self._modules:
            ray.cloudpickle.register_pickle_by_value(module)
        scenarios = [self._scenario, *(change.scenario for change in self._changes)]
        self.placement = place(scenarios, self._per_actor, os.cpu_count() or 1)
        self._say(f"starting {self.placement.describe()}")
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self._server = self._make_server()
        self._supervisor = Supervisor(self._server, self._backend.model, self._say, self._restarts)
        # The engine takes longest to start; the agents start beside it.
        self._supervisor.begin()
        self._keeper = self._actor(RecordKeeper, self._folder, scheduling_strategy=here)
        # From now on no other recorder can add to the record, which may be read below.
        await self._answer(self._keeper.start)
        hosts = await self._make_hosts(self.placement)
        await asyncio.gather(*(self._answer(actor.start) for actor in hosts))
        self.phases.end("agents")
        self._say(f"waiting for the model {self._backend.model}")
        await self._supervisor.up()
        self._engine_is_up = True
        self.phases.end("engine")
        self._scheduler = self._actor(
            SchedulerActor, self._scenario, hosts, self.placement, self._keeper, self._past
        )

    @property
    def _changes(self) -> Sequence[Change]:
        return self._past.changes if self._past else ()

    async def _make_hosts(self, placement: Placement) -> list[ActorHandle]:
        """Make the actors of agents, each with the recorded replies of those who live in it."""
        model = RemoteModel(self._server, self._backend.model)
        arguments = (PersonaAgents, self._scenario, self._backend, model)
        if self._past is None:
            return [self._actor(*arguments) for _ in range(placement.actors)]
        self._say("reading what was recorded")
        recorded = await asyncio.to_thread(Recorded.load, self._past.run)
        self.phases.end("reading")
        return [
            self._actor(*arguments, recorded.of(handles), self._changes)
            for handles in placement.residents()
        ]

    def _connect(self) -> None:
        if ray.is_initialized():
            return
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if self._address is None:
            options |= {"include_dashboard": False, "configure_logging": True}
        try:
            ray.init(address=self._address or "local", **options)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise RunError(
                f"there is no Ray cluster at {self._address or 'this machine'}: {error}"
            ) from error
        self._started_ray = True

    def _make_server(self) -> ActorHandle:
        """Make the actor of the model, restarted as often as its supervisor lets it."""
        options = {"max_restarts": -1, "max_concurrency": _CALLS, **_resources(self._backend)}
        return self._actor(LlmServer, self._backend, Gauges, **options)

    def _actor(self, kind: type, *arguments: object, **options: object) -> ActorHandle:
        remote = ray.remote(kind).options(
            **{"num_cpus": 0, "max_restarts": 0, "enable_task_events": False, **options}
        )
        handle = remote.remote(*arguments)
        self._handles.append(handle)
        return handle

    async def _answer(self, method: Any) -> Any:
        with unwrapped():
            return await method.remote()

    async def run(self) -> AsyncIterator[Progress | Finish]:
        """Run the scenario; yield progress, and how it ended as the last thing."""
        supervisor = self._supervisor
        assert supervisor is not None
        try:
            async for news in stream(self._scheduler.run):
                if isinstance(news, Finish):
                    await supervisor.last_sample()
                yield supervisor.complete(news)
        except RunError as error:
            if supervisor.failure is None:
                raise
            raise supervisor.failure from error

    def stop(self) -> None:
        """Ask the run to begin nothing more and to end in good order."""
        if hasattr(self, "_scheduler"):
            self._scheduler.stop.remote()

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Record rows that do not come from the scheduler."""
        await RemoteRecord(self._keeper).write(batches)

    async def seal(self) -> None:
        """Turn what was recorded into sealed tables."""
        await self._answer(self._keeper.seal)
        self.phases.end("sealing")

    async def _take_down(self) -> None:
        """Close the model, end all actors and, if this run started it, Ray.

        An engine that is still starting cannot be asked to close; its processes end with its
        actor's.
        """
        if self._handles and ray.is_initialized():
            if self._supervisor is not None:
                await self._supervisor.stop()
            if self._engine_is_up:
                with suppress(RayError, SimnetError, TimeoutError):
                    async with asyncio.timeout(CLOSING_TIME):
                        await self._server.close.remote()
            for handle in self._handles:
                ray.kill(handle)
        self._handles.clear()
        if self._started_ray:
            ray.shutdown()
        self.phases.end("shutdown")

    def abandon(self, number: signal.Signals) -> None:
        """End this process and all it started, now: the second Ctrl-C."""
        if self._started_ray:
            ray.shutdown()
        os._exit(128 + number)


def _resources(backend: Backend) -> dict[str, object]:
    """Say what the server's process needs of its node."""
    return {"num_gpus": 0 if backend.kind == "fake" or backend.settings.on_cpu else 1}
