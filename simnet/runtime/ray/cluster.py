"""Starts the actors of a run on Ray, drives it and shuts them down."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from math import inf
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import ray
from ray.actor import ActorHandle
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from simnet import log
from simnet.errors import RunError
from simnet.inference.backend import Backend
from simnet.inference.fleet.replicas import Replicas
from simnet.inference.fleet.routing import Routes
from simnet.inference.model import Model
from simnet.joining.humans import Humans
from simnet.recording.reading.recorded_replies import Recorded
from simnet.runtime.capacity import check_cluster, place_here
from simnet.runtime.models import DEFAULT, models_of, personas_by_adapter, with_fallback_models
from simnet.runtime.placement import PersonasPerActor, Placement
from simnet.runtime.ray import proxies
from simnet.runtime.ray.actors import (
    HostSpec,
    PersonaAgent,
    PersonaAgents,
    RecordKeeper,
    SchedulerActor,
)
from simnet.runtime.ray.connection import connect
from simnet.runtime.ray.desk_actor import PeopleOfRun
from simnet.runtime.ray.engine_placement import PlacedEngine, check_gpus, place_engines
from simnet.runtime.ray.engine_pool import EnginePool, describe, engines_of
from simnet.runtime.ray.llm_server import LlmServer
from simnet.runtime.ray.local_ray import InterruptedStartError, stop_ray
from simnet.runtime.ray.prometheus import Gauges
from simnet.runtime.ray.supervisor import Supervisor
from simnet.runtime.restart_policy import RESTARTS, Restarts
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch
from simnet.scheduler.budget import UNLIMITED, Budget
from simnet.scheduler.code_errors import OnError
from simnet.scheduler.continuation import Continuation, last_scenario
from simnet.scheduler.driver import Phases
from simnet.scheduler.messages import Finish, Progress
from simnet.scheduler.prefetch.prefetch_settings import NO_PREFETCH, Prefetch

_MAX_CONCURRENCY = 10_000
"""Concurrent calls of a model server: more than there can be, so that no call is queued by Ray.

Concurrency groups would not do: each has an event loop of its own.
"""


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
        on_error: OnError = "stop",
        force: bool = False,
        humans: Humans | None = None,
        prefetch: Prefetch = NO_PREFETCH,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take what to run and where; `models` are by the names that cohorts give them.

        `modules` are modules of the scenario that other processes cannot import: their code is
        sent along. `restarts` is how often a model server that died is restarted before the run
        fails. `report` gets a line for each step.
        """
        self._scenario = scenario
        self._models = models
        self._folder = folder.resolve()
        self._address = address
        self._per_actor = personas_per_actor
        self._report = report
        self._modules = modules
        self._restarts = restarts
        self._continuation = continuation.located() if continuation else None
        self._budget, self._on_error, self._prefetch = budget, on_error, prefetch
        self._force = force
        self._people = PeopleOfRun(humans, self._folder)
        self._started_ray = False
        self._servers: dict[str | None, list[ActorHandle]] = {name: [] for name in models}
        self._engines: EnginePool | None = None
        self._handles: list[ActorHandle] = []
        self.phases = Phases()
        self.placement: Placement | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._shut_down()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._shut_down()

    async def _start(self) -> None:
        self._report("starting Ray" if self._address is None else f"connecting to {self._address}")
        try:
            self._started_ray = connect(self._address)
        except InterruptedStartError:
            await asyncio.sleep(1)  # the event loop learns of the signal and cancels this task
            raise
        self.phases.end("ray")
        for module in self._modules:
            ray.cloudpickle.register_pickle_by_value(module)
        self.placement = place_here(self._scenarios, self._per_actor)
        if self._address is not None and not self._force:
            memory = float(ray.cluster_resources().get("memory", inf))
            check_cluster(self._scenario, self.placement, memory, self._per_actor)
        self._report(f"starting {self.placement.describe()}")
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self._engines = engines = self._make_servers()
        # Engines take longest to start, so the agents are started meanwhile.
        engines.begin()
        make_here = partial(self._actor, scheduling_strategy=here)
        self._recorder = make_here(RecordKeeper, self._folder, name="recorder")
        await self._people.start(make_here)
        # From now on no other recorder can add to the record, which is read below.
        await self._call(self._recorder.start)
        hosts = await self._make_hosts(self.placement)
        await asyncio.gather(*(self._call(actor.start) for actor in hosts))
        self.phases.end("agents")
        self._report(f"waiting for {describe(self._models)}")
        await engines.up()
        self.phases.end("engine")
        play = (self._scenario, hosts, self.placement, self._recorder, self._continuation)
        self._scheduler = make_here(  # a run that goes on reads its record
            SchedulerActor, *play, self._budget, self._on_error, self._prefetch, name="scheduler"
        )
        await self._call(self._scheduler.start)

    @property
    def _switches(self) -> Sequence[ScenarioSwitch]:
        return self._continuation.switches if self._continuation else ()

    @property
    def _scenarios(self) -> list[Scenario]:
        return [self._scenario, *(switch.scenario for switch in self._switches)]

    async def _make_hosts(self, placement: Placement) -> list[ActorHandle]:
        """Make the actors of agents, each with the recorded replies of its own personas."""
        self._blocks = placement.personas_per_actor == 1 and not self._prefetch.on
        kind = PersonaAgent if self._blocks else PersonaAgents
        recorded, residents = await self._recorded(), placement.residents()
        spec = partial(HostSpec, self._scenario, backends=self._backends, switches=self._switches)
        specs = [
            spec(
                models=models,
                replies=None if recorded is None else recorded.of(handles),
                seats=self._people.seats_of(handles),
                looks_ahead=self._prefetch.on,
            )
            for handles, models in zip(residents, self._proxies(placement), strict=True)
        ]
        return [self._actor(kind, one, name=f"agents-{n}") for n, one in enumerate(specs)]

    async def _recorded(self) -> Recorded | None:
        if self._continuation is None:
            return None
        self._report("reading what was recorded")
        run = self._continuation.run
        recorded = await asyncio.to_thread(Recorded.load, run, self._people.handles)
        self.phases.end("reading")
        return recorded

    def _proxies(self, placement: Placement) -> list[dict[str | None, Model]]:
        """Return proxies for each actor of agents: those of the models that its personas ask."""
        proxies = {name: self._proxy(name) for name in self._models}
        if len(proxies) == 1:
            return [proxies] * placement.actors
        proxies = with_fallback_models(proxies, self._scenarios)
        names_of = models_of(self._scenarios)
        return [
            {name: proxies[name] for handle in handles for name in names_of[handle]}
            for handles in placement.residents()
        ]

    @property
    def _backends(self) -> dict[str | None, Backend]:
        return with_fallback_models(self._models, self._scenarios)

    def _proxy(self, name: str | None) -> Model:
        """Make the proxy through which agents ask a model."""
        make = partial(proxies.RemoteServer, blocks=self._blocks)
        servers = [make(server) for server in self._servers[name]]
        model_name = self._models[name].recorded_name
        if len(servers) == 1:
            return proxies.RemoteModel(servers[0], model_name)
        personas = personas_by_adapter(last_scenario(self._scenario, self._continuation), name)
        routes = Routes(len(servers), personas)
        return Replicas(model_name, servers, routes)

    def _make_servers(self) -> EnginePool:
        """Make an actor for each engine."""
        engines = engines_of(self._models)
        check_gpus(engines, can_grow=self._address is not None, report=self._report)
        only = len(engines) == 1
        supervisors = [self._make_server(placed, only=only) for placed in place_engines(engines)]
        return EnginePool(engines, supervisors)

    def _make_server(self, placed: PlacedEngine, *, only: bool) -> Supervisor:
        """Make the actor of an engine and its supervisor, which limits how often it restarts."""
        name, replica, backend = engine = placed.engine
        publisher = partial(Gauges, name=name or DEFAULT, replica=replica)
        options = {"max_restarts": -1, "max_concurrency": _MAX_CONCURRENCY, **placed.options}
        server = self._actor(LlmServer, backend, publisher, name=f"model-{engine.label}", **options)
        self._servers[name].append(server)
        called = backend.recorded_name
        label = called if only else f"{engine.label} ({called})"
        return Supervisor(server, label, self._report, Restarts(self._restarts))

    def _actor(self, kind: type, *arguments: object, name: str, **options: object) -> ActorHandle:
        """Make a Ray actor of a class; `name` is that of its log file."""
        remote = ray.remote(kind).options(
            **{"num_cpus": 0, "max_restarts": 0, "enable_task_events": False, **options}
        )
        logs = log.ActorLogs(name, self._folder, log.level())
        handle = remote.remote(*arguments, logs=logs)
        self._handles.append(handle)
        return handle

    async def _call(self, method: Any) -> Any:
        with proxies.unwrapped():
            return await method.remote()

    async def run(self) -> AsyncIterator[Progress | Finish]:
        """Run the scenario; yield progress, and a Finish as the last item."""
        engines = self._engines
        assert engines is not None
        try:
            async for update in proxies.stream(self._scheduler.run):
                if isinstance(update, Finish):
                    await engines.last_sample()
                elif engines.failure is not None:
                    raise engines.failure  # others may still answer, but the run is not as planned
                yield engines.with_statistics(update)
        except RunError as error:
            if engines.failure in {None, error}:
                raise
            raise engines.failure from error

    def refreshed(self, progress: Progress) -> Progress:
        """Return a report with the newest statistics of the models."""
        return self._engines.refreshed(progress) if self._engines is not None else progress

    def stop(self) -> None:
        """Start no more turns; `run` ends once those in flight are recorded."""
        if hasattr(self, "_scheduler"):
            self._scheduler.stop.remote()

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Append rows that do not come from the scheduler."""
        await proxies.RemoteRecord(self._recorder).write(batches)

    async def seal(self) -> None:
        """Turn what was recorded into sealed tables."""
        await self._call(self._recorder.seal)
        self.phases.end("sealing")

    async def _shut_down(self) -> None:
        """Close the engines, end all actors and, if this run started it, Ray."""
        if self._handles and ray.is_initialized():
            await self._people.stop()
            if self._engines is not None:
                await self._engines.stop()
            for handle in self._handles:
                ray.kill(handle)
        self._handles.clear()
        if self._started_ray:
            stop_ray()
        self.phases.end("shutdown")

    def abandon(self, number: signal.Signals) -> None:
        """End this process and all it started at once, after a second signal."""
        if self._started_ray:
            stop_ray()
        os._exit(128 + number)
