"""The engines of a run on Ray: from their placement to their end, or as others keep them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import ray
from ray.actor import ActorHandle

from simnet.foundation import log
from simnet.inference.backend import Backend
from simnet.runtime.models import DEFAULT
from simnet.runtime.nodes.cluster_wishes import NO_WISHES, ClusterWishes
from simnet.runtime.ray.actor_names import ActorNames
from simnet.runtime.ray.engines.borrowed_engines import BorrowedEngines
from simnet.runtime.ray.engines.engine_placement import (
    RESERVE_SECONDS,
    Groups,
    PlacedEngine,
    place_on_cpus,
)
from simnet.runtime.ray.engines.engine_pool import Engine, EnginePool, describe
from simnet.runtime.ray.engines.engine_room import find_room
from simnet.runtime.ray.engines.llm_server import MAX_CONCURRENCY, LlmServer
from simnet.runtime.ray.engines.prometheus import Gauges
from simnet.runtime.ray.engines.sampled_engine import SampledEngine
from simnet.runtime.ray.engines.supervisor import Supervisor
from simnet.runtime.restart_policy import RESTARTS, Restarts

_NONE_KEPT: Mapping[str | None, str] = MappingProxyType({})
REBUILD_SECONDS = 180.0
"""Wall seconds that a run which lost a node waits at least for room for its engines."""


class EnginesOfRun:
    """An actor for each replica of each model, with a supervisor that restarts it."""

    def __init__(
        self,
        models: Mapping[str | None, Backend],
        folder: Path,
        report: Callable[[str], None],
        *,
        wishes: ClusterWishes = NO_WISHES,
        restarts: int = RESTARTS,
        kept: Mapping[str | None, str] = _NONE_KEPT,
        shared_slots: int | None = None,
    ) -> None:
        """Take backends that are ready, by the names that cohorts give them; `folder` gets logs.

        `kept` has the models whose engines are kept by others, with the names of those. With
        `shared_slots` several runs share the engines; see `LlmServer`.
        """
        self._models = models
        self._own = {name: backend for name, backend in models.items() if name not in kept}
        self._borrowed = BorrowedEngines(kept, folder.name)
        self._shared_slots = shared_slots
        self._names = ActorNames(folder.name)
        self._supervised: list[tuple[Engine, Supervisor]] = []
        self._folder = folder
        self._report = report
        self._wishes = wishes
        self._restarts = restarts
        self._actor = ray.remote(LlmServer)
        self._groups = Groups(wishes.engines_on, report)
        self.servers: dict[str | None, list[ActorHandle]] = {name: [] for name in models}
        self.pool: EnginePool | None = None

    async def make(self, *, rebuilt: bool = False) -> EnginePool:
        """Place the engines, make their actors and start to load the models.

        A run that is `rebuilt` waits for nodes in any case: some may have been lost for a while.
        Raises UsageError for engines that have no room, RunError if that takes too long.
        """
        self._names = ActorNames(self._folder.name)
        if self._own:
            self._supervised = await self._make_own(rebuilt=rebuilt)
        pool = await self._pooled()
        pool.begin()
        return pool

    async def again(self) -> EnginePool:
        """Return the engines for actors that are made anew; the calls of earlier ones end."""
        if self.pool is not None and not self._borrowed:
            return self.pool
        await self._borrowed.give_back()
        return await self._pooled()

    def log_to(self, keeper: ActorHandle) -> None:
        """Have an actor write the log lines of engines on nodes without the folder of the logs.

        Engines that others keep log where those want it.
        """
        for _, supervisor in self._supervised:
            supervisor.log_to(keeper)

    @property
    def clients(self) -> Mapping[str | None, str]:
        """What kept engines call this run, by the names of their models."""
        return self._borrowed.clients

    async def _pooled(self) -> EnginePool:
        borrowed = await self._borrowed.borrow()
        for name, handles in self._borrowed.servers.items():
            self.servers[name] = list(handles)
        pairs: list[tuple[Engine, SampledEngine]] = [*self._supervised, *borrowed]
        least = {
            name: self._wishes.least(backend.replicas) for name, backend in self._models.items()
        }
        self.pool = EnginePool([engine for engine, _ in pairs], [one for _, one in pairs], least)
        return self.pool

    async def _make_own(self, *, rebuilt: bool) -> list[tuple[Engine, Supervisor]]:
        wishes = self._wishes
        if rebuilt:
            wishes = replace(wishes, wait=max(REBUILD_SECONDS, wishes.wait or 0.0))
        room = await find_room(self._own, wishes, self._report)
        pairs = list(zip(room.engines, room.seats, strict=True))
        on_gpus = [(engine, seat) for engine, seat in pairs if seat]
        wait = max(RESERVE_SECONDS, wishes.wait or 0.0)
        placed = await self._groups.place(on_gpus, room.view, wait)
        others = [engine for engine, seat in pairs if not seat]
        placed += place_on_cpus(others, room.view, wishes.engines_on)
        only = len(placed) == 1
        return [(one.engine, self._make_server(one, only=only)) for one in placed]

    def postpone(self) -> None:
        """Have the own models send no more prompts, as the run stops."""
        for handle in (handle for name in self._own for handle in self.servers[name]):
            handle.postpone.remote()

    def describe(self) -> str:
        """Return the names of the models, for people."""
        return describe(self._models)

    async def close(self) -> None:
        """Close the models, end their actors and give their GPUs back; kept ones go on."""
        if self.pool is not None:
            await self.pool.stop()
        await self._borrowed.give_back()
        for handle in (handle for name in self._own for handle in self.servers[name]):
            ray.kill(handle)
        self._supervised = []
        self.servers = {name: [] for name in self._models}
        self._groups.remove()
        self.pool = None

    def _make_server(self, placed: PlacedEngine, *, only: bool) -> Supervisor:
        """Make the actor of an engine and its supervisor, which limits how often it restarts."""
        name, replica, backend = engine = placed.engine
        run = self._folder.name
        publisher = partial(Gauges, name=name or DEFAULT, replica=replica, run=run)
        options: dict[str, Any] = {
            "num_cpus": 0,
            "num_gpus": 0,
            "enable_task_events": False,
            "max_restarts": -1,
            "max_concurrency": MAX_CONCURRENCY,
            **self._names.options(f"model-{engine.label}"),
            **placed.options,
        }
        kept = self._shared_slots is not None
        logs = log.ActorLogs(
            f"model-{engine.label}", self._folder, log.level(), always_forward=kept
        )
        server = self._actor.options(**options).remote(
            backend, publisher, shared_slots=self._shared_slots, logs=logs
        )
        self.servers[name].append(server)
        called = backend.recorded_name
        label = called if only else f"{engine.label} ({called})"
        return Supervisor(server, label, self._report, Restarts(self._restarts))
