"""The replicas of one model on Ray for a job that only asks it, without actors of agents."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import ray

from simnet.inference.backend import Backend
from simnet.inference.fleet.replicas import Replicas
from simnet.inference.fleet.routing import Routes
from simnet.inference.model import Model
from simnet.runtime.ray import proxies
from simnet.runtime.ray.engines.engines_of_run import EnginesOfRun
from simnet.runtime.ray.session.connection import connect
from simnet.runtime.ray.session.local_ray import InterruptedStartError, stop_ray


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
        self._report = report
        self._engines = EnginesOfRun({None: backend}, folder.resolve(), report)
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
            self._started_ray = await connect(None)
        except InterruptedStartError:
            await asyncio.sleep(1)  # the event loop learns of the signal and cancels this task
            raise
        pool = await self._engines.make()
        self._report(f"waiting for {self._engines.describe()}")
        await pool.up()
        servers = [proxies.RemoteServer(handle) for handle in self._engines.servers[None]]
        return Replicas(self._backend.recorded_name, servers, Routes(len(servers)))

    async def _shut_down(self) -> None:
        """Close the engines, end their actors and, if this started it, Ray."""
        if ray.is_initialized():
            await self._engines.close()
        if self._started_ray:
            stop_ray()
            self._started_ray = False
