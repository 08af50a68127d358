"""The replicas of one model on Ray for a job that only asks it, without actors of agents."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import ray
from ray.actor import ActorHandle

from simnet import log
from simnet.inference.backend import Backend
from simnet.inference.fleet.replicas import Replicas
from simnet.inference.fleet.routing import Routes
from simnet.inference.model import Model
from simnet.runtime.models import DEFAULT
from simnet.runtime.ray import proxies
from simnet.runtime.ray.engines.engine_placement import PlacedEngine, check_gpus, place_engines
from simnet.runtime.ray.engines.engine_pool import EnginePool, describe, engines_of
from simnet.runtime.ray.engines.llm_server import LlmServer
from simnet.runtime.ray.engines.prometheus import Gauges
from simnet.runtime.ray.engines.supervisor import Supervisor
from simnet.runtime.ray.session.connection import connect
from simnet.runtime.ray.session.local_ray import InterruptedStartError, stop_ray
from simnet.runtime.restart_policy import Restarts

_MAX_CONCURRENCY = 10_000
"""Concurrent calls of a model server: more than there can be, so that no call is queued by Ray."""


class EngineFleet:
    """Starts the engines of one model, each in an actor; an async context manager.

    Prompts go to the replica with the fewest in flight. A replica that dies is started again, and
    its prompts are sent to the others.
    """

    def __init__(
        self, backend: Backend, folder: Path, report: Callable[[str], None] = lambda _: None
    ) -> None:
        """Take a backend that is ready, the folder in which `logs/` of the actors are written."""
        self._backend = backend
        self._folder = folder.resolve()
        self._report = report
        self._handles: list[ActorHandle] = []
        self._pool: EnginePool | None = None
        self._started_ray = False

    async def __aenter__(self) -> Model:
        try:
            return await self._start()
        except BaseException:
            await self._shut_down()
            raise

    async def __aexit__(self, *_: object) -> None:
        await self._shut_down()

    async def _start(self) -> Model:
        self._report("starting Ray")
        try:
            self._started_ray = connect(None)
        except InterruptedStartError:
            await asyncio.sleep(1)  # the event loop learns of the signal and cancels this task
            raise
        engines = engines_of({None: self._backend})
        check_gpus(engines, can_grow=False, report=self._report)
        supervisors = [self._server(placed) for placed in place_engines(engines)]
        self._pool = EnginePool(engines, supervisors)
        self._pool.begin()
        self._report(f"waiting for {describe({None: self._backend})}")
        await self._pool.up()
        servers = [proxies.RemoteServer(handle) for handle in self._handles]
        return Replicas(self._backend.recorded_name, servers, Routes(len(servers)))

    def _server(self, placed: PlacedEngine) -> Supervisor:
        """Make the actor of an engine, and its supervisor, which limits how often it restarts."""
        engine = placed.engine
        publisher = partial(Gauges, name=DEFAULT, replica=engine.replica)
        logs = log.ActorLogs(f"model-{engine.label}", self._folder, log.level())
        options = {
            "num_cpus": 0,
            "enable_task_events": False,
            "max_restarts": -1,
            "max_concurrency": _MAX_CONCURRENCY,
            **placed.options,
        }
        remote = ray.remote(LlmServer).options(**options)
        handle = remote.remote(engine.backend, publisher, logs=logs)
        self._handles.append(handle)
        label = f"{engine.label} ({engine.backend.recorded_name})"
        return Supervisor(handle, label, self._report, Restarts())

    async def _shut_down(self) -> None:
        """Close the engines, end their actors and, if this started it, Ray."""
        if self._handles and ray.is_initialized():
            if self._pool is not None:
                await self._pool.stop()
            for handle in self._handles:
                ray.kill(handle)
        self._handles.clear()
        if self._started_ray:
            stop_ray()
            self._started_ray = False
