"""Makes Ray actors of plain classes, drives a run, takes all down."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import ray
from ray.actor import ActorHandle
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from simnet.errors import RunError
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.inference.replicas import Replicas
from simnet.inference.routing import Routes
from simnet.recording.reading.recorded_replies import Recorded
from simnet.runtime.models import DEFAULT, models_of, personas_by_adapter, with_fallback_models
from simnet.runtime.placement import PersonasPerActor, Placement, place
from simnet.runtime.ray.actors import Home, PersonaAgent, PersonaAgents, Reached, RecordKeeper
from simnet.runtime.ray.engine_placement import Seat, check_gpus, seats
from simnet.runtime.ray.engine_pool import Fleet, describe, engines_of
from simnet.runtime.ray.gc_tuning import collect_rarely
from simnet.runtime.ray.llm_server import LlmServer
from simnet.runtime.ray.prometheus import Gauges
from simnet.runtime.ray.proxies import (
    RemoteAgentPool,
    RemoteModel,
    RemoteRecord,
    RemoteServer,
    stream,
    unwrapped,
)
from simnet.runtime.ray.reach import check_listens
from simnet.runtime.ray.restart_policy import RESTARTS, Restarts
from simnet.runtime.ray.supervisor import Supervisor
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch
from simnet.scheduler.budget import UNLIMITED, Budget
from simnet.scheduler.continuation import Continuation, last_scenario
from simnet.scheduler.driver import Driver, Phases
from simnet.scheduler.messages import Finish, Progress

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
        continuation: Continuation | None = None,
        budget: Budget = UNLIMITED,
    ) -> None:
        minds, record = RemoteAgentPool(hosts, placement), RemoteRecord(keeper)
        self._play = Driver(scenario, minds, record, continuation, budget)
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
        models: Mapping[str | None, Backend],
        folder: Path,
        *,
        address: str | None = None,
        personas_per_actor: PersonasPerActor = "auto",
        modules: Sequence[ModuleType] = (),
        restarts: int = RESTARTS,
        continuation: Continuation | None = None,
        budget: Budget = UNLIMITED,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take what to run and where; `models` are by the names that cohorts give them.

        `modules` are the scenario's that other processes cannot import; their code is sent along.
        `restarts` is how often a model server that died is restarted before the run fails,
        `continuation` what is recorded already, `budget` what may be spent.
        """
        self._scenario = scenario
        self._models = models
        self._folder = folder.resolve()
        self._address = address
        self._per_actor = personas_per_actor
        self._say = say
        self._modules = modules
        self._restarts = restarts
        self._past = continuation
        self._budget = budget
        self._started_ray = False
        self._servers: dict[str | None, list[ActorHandle]] = {name: [] for name in models}
        self._fleet: Fleet | None = None
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
        self.placement = place(self._scenarios, self._per_actor, os.cpu_count() or 1)
        self._say(f"starting {self.placement.describe()}")
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self._fleet = fleet = self._make_servers()
        # Engines take longest to start; the agents start beside them.
        fleet.begin()
        self._keeper = self._actor(RecordKeeper, self._folder, scheduling_strategy=here)
        # From now on no other recorder can add to the record, which may be read below.
        await self._answer(self._keeper.start)
        hosts = await self._make_hosts(self.placement)
        await asyncio.gather(*(self._answer(actor.start) for actor in hosts))
        self.phases.end("agents")
        self._say(f"waiting for {describe(self._models)}")
        await fleet.up()
        self.phases.end("engine")
        self._scheduler = self._actor(
            *(SchedulerActor, self._scenario, hosts, self.placement),
            *(self._keeper, self._past, self._budget),
        )

    @property
    def _changes(self) -> Sequence[ScenarioSwitch]:
        return self._past.changes if self._past else ()

    @property
    def _scenarios(self) -> list[Scenario]:
        return [self._scenario, *(change.scenario for change in self._changes)]

    async def _make_hosts(self, placement: Placement) -> list[ActorHandle]:
        """Make the actors of agents, each with the recorded replies of those who live in it."""
        reached = self._reached(placement)
        kind = PersonaAgent if placement.personas_per_actor == 1 else PersonaAgents
        if self._past is None:
            return [self._actor(kind, Home(self._scenario, models)) for models in reached]
        self._say("reading what was recorded")
        recorded = await asyncio.to_thread(Recorded.load, self._past.run)
        self.phases.end("reading")
        return [
            self._actor(kind, Home(self._scenario, models, recorded.of(handles), self._changes))
            for handles, models in zip(placement.residents(), reached, strict=True)
        ]

    def _reached(self, placement: Placement) -> list[dict[str | None, Reached]]:
        """Give each actor of agents the models that those who live in it ask."""
        every = {name: Reached(one, self._double(name)) for name, one in self._models.items()}
        if len(every) == 1:
            return [every] * placement.actors
        every = with_fallback_models(every, self._scenarios)
        asked = models_of(self._scenarios)
        return [
            {name: every[name] for who in lives for name in asked[who]}
            for lives in placement.residents()
        ]

    def _double(self, name: str | None) -> Model:
        """Make what stands for a model where agents live."""
        assert self.placement is not None
        alone = self.placement.personas_per_actor == 1
        servers = [RemoteServer(server, blocks=alone) for server in self._servers[name]]
        called = self._models[name].model
        if len(servers) == 1:
            return RemoteModel(servers[0], called)
        personas = personas_by_adapter(last_scenario(self._scenario, self._past), name)
        routes = Routes(len(servers), personas)
        return Replicas(called, servers, routes)

    def _connect(self) -> None:
        if ray.is_initialized():
            return
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if self._address is None:
            options |= {"include_dashboard": False, "configure_logging": True}
            # Ray's own, 15, lets anything else that computes on this machine starve the run.
            os.environ.setdefault("RAY_worker_niceness", "0")
        else:
            check_listens(self._address)
        try:
            ray.init(address=self._address or "local", **options)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise RunError(
                f"there is no Ray cluster at {self._address or 'this machine'}: {error}"
            ) from error
        self._started_ray = True

    def _make_servers(self) -> Fleet:
        """Make an actor for each engine."""
        engines = engines_of(self._models)
        check_gpus(engines, can_grow=self._address is not None, say=self._say)
        supervisors = [self._make_server(seat, alone=len(engines) == 1) for seat in seats(engines)]
        return Fleet(engines, supervisors)

    def _make_server(self, seat: Seat, *, alone: bool) -> Supervisor:
        """Make the actor of an engine, restarted as often as its supervisor lets it."""
        name, replica, backend = engine = seat.engine
        publisher = partial(Gauges, name=name or DEFAULT, replica=replica)
        options = {"max_restarts": -1, "max_concurrency": _CALLS, **seat.options}
        server = self._actor(LlmServer, backend, publisher, **options)
        self._servers[name].append(server)
        called = backend.model if alone else f"{engine.label} ({backend.model})"
        return Supervisor(server, called, self._say, Restarts(self._restarts))

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
        fleet = self._fleet
        assert fleet is not None
        try:
            async for news in stream(self._scheduler.run):
                if isinstance(news, Finish):
                    await fleet.last_sample()
                elif fleet.failure is not None:
                    raise fleet.failure  # others may still answer, but the run is not as planned
                yield fleet.complete(news)
        except RunError as error:
            if fleet.failure in {None, error}:
                raise
            raise fleet.failure from error

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
        """Close the engines, end all actors and, if this run started it, Ray."""
        if self._handles and ray.is_initialized():
            if self._fleet is not None:
                await self._fleet.stop()
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
