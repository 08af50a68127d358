"""Engines that several runs of one process ask at the same time."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self, TypeAlias

import ray
from ray.actor import ActorHandle

from simnet.inference.backend import Backend
from simnet.runtime.nodes.cluster_wishes import NO_WISHES, ClusterWishes
from simnet.runtime.ray.engines.engine_pool import EnginePool, describe
from simnet.runtime.ray.engines.engines_of_run import EnginesOfRun
from simnet.runtime.ray.forwarded_logs import make_log_keeper
from simnet.runtime.ray.session.connection import connect
from simnet.runtime.ray.session.local_ray import stop_ray


class SharedEngines:
    """Starts each model once, with the first run that asks for it, and ends all at the end.

    Runs that name a model alike and give it the same backend ask the same engines, so they share
    their prefix caches. An async context manager; all runs have to be in its event loop.
    """

    def __init__(
        self,
        folder: Path,
        report: Callable[[str], None] = lambda _: None,
        *,
        address: str | None = None,
        wishes: ClusterWishes = NO_WISHES,
    ) -> None:
        """Take the folder that gets `logs/` of the engines, and the cluster; None starts Ray."""
        self._folder = folder.resolve()
        self._report = report
        self._address = address
        self._wishes = wishes
        self._lock = asyncio.Lock()
        self._started_ray = False
        self._engines: list[tuple[str | None, Backend, EnginesOfRun]] = []
        self._log_keeper: ActorHandle | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if ray.is_initialized():
            for _name, _backend, engines in self._engines:
                await engines.close()
            if self._log_keeper is not None:
                ray.kill(self._log_keeper)
        self._engines.clear()
        self._log_keeper = None
        if self._started_ray:
            self._started_ray = False
            stop_ray()

    async def connect(self) -> bool:
        """Connect this process to the cluster, once; return False, as no run owns the connection.

        Raises as `simnet.runtime.ray.session.connection.connect` does.
        """
        async with self._lock:
            self._started_ray |= await connect(self._address)
        return False

    def of_run(self, models: Mapping[str | None, Backend]) -> "SharedEnginesOfRun":
        """Return the engines of a run, by the names that its cohorts give the models."""
        return SharedEnginesOfRun(self, models)

    async def started(self, name: str | None, backend: Backend, *, rebuilt: bool) -> EnginesOfRun:
        """Return the engines of a model, started unless they are up; see `EnginesOfRun.make`."""
        wanted = backend.as_engine()
        async with self._lock:
            for entry in list(self._engines):
                known, model, engines = entry
                if (known, model) != (name, wanted) or engines.pool is None:
                    continue
                if engines.pool.failure is None:
                    return engines
                self._engines.remove(entry)
                await engines.close()
            engines = EnginesOfRun({name: backend}, self._folder, self._report, wishes=self._wishes)
            try:
                await engines.make(rebuilt=rebuilt)
            except BaseException:
                await engines.close()
                raise
            self._keep_logs(engines)
            self._engines.append((name, wanted, engines))
            return engines

    def _keep_logs(self, engines: EnginesOfRun) -> None:
        """Have the lines of engines on other nodes written here, until the last run has ended."""
        if self._address is not None:
            self._log_keeper = self._log_keeper or make_log_keeper(self._folder)
            engines.log_to(self._log_keeper)


def engines_for(
    models: Mapping[str | None, Backend],
    folder: Path,
    report: Callable[[str], None],
    shared: SharedEngines | None,
    kept: Mapping[str | None, str],
    *,
    wishes: ClusterWishes,
    restarts: int,
) -> "RunEngines":
    """Return the engines of a run: `shared` ones, or its own and those that others keep."""
    if shared is not None and not kept:
        return shared.of_run(models)
    return EnginesOfRun(models, folder, report, wishes=wishes, restarts=restarts, kept=kept)


class SharedEnginesOfRun:
    """What one run sees of shared engines: it asks them and never ends them."""

    def __init__(self, shared: SharedEngines, models: Mapping[str | None, Backend]) -> None:
        self._shared = shared
        self._models = models
        self.servers: dict[str | None, list[ActorHandle]] = {}
        self.pool: EnginePool | None = None

    async def make(self, *, rebuilt: bool = False) -> EnginePool:
        """Take the engines, which are started where no other run has done so; see SharedEngines."""
        pools = []
        for name, backend in self._models.items():
            engines = await self._shared.started(name, backend, rebuilt=rebuilt)
            assert engines.pool is not None
            self.servers[name] = engines.servers[name]
            pools.append(engines.pool)
        self.pool = EnginePool.of(pools)
        return self.pool

    async def again(self) -> EnginePool:
        """Return the engines for actors that are made anew."""
        return self.pool or await self.make()

    def log_to(self, keeper: ActorHandle) -> None:
        """Do nothing: what several runs share is in the log of none of them."""

    @property
    def clients(self) -> Mapping[str | None, str]:
        """What the engines call this run: nothing, as they do not tell runs apart."""
        return {}

    def postpone(self) -> None:
        """Do nothing: other runs ask the same models."""

    def describe(self) -> str:
        """Return the names of the models, for people."""
        return describe(self._models)

    async def close(self) -> None:
        """Give the engines back."""
        self.servers, self.pool = {}, None


RunEngines: TypeAlias = EnginesOfRun | SharedEnginesOfRun
"""The engines that one run asks."""
