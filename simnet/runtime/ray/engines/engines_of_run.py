"""The engines of a run on Ray: from their placement to their end."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray.actor import ActorHandle

from simnet import log
from simnet.inference.backend import Backend
from simnet.runtime.cluster_wishes import NO_WISHES, ClusterWishes
from simnet.runtime.models import DEFAULT
from simnet.runtime.ray.engines.engine_placement import (
    RESERVE_SECONDS,
    Groups,
    PlacedEngine,
    place_on_cpus,
)
from simnet.runtime.ray.engines.engine_pool import EnginePool, describe
from simnet.runtime.ray.engines.engine_room import find_room
from simnet.runtime.ray.engines.llm_server import LlmServer
from simnet.runtime.ray.engines.prometheus import Gauges
from simnet.runtime.ray.engines.supervisor import Supervisor
from simnet.runtime.restart_policy import RESTARTS, Restarts

_MAX_CONCURRENCY = 10_000
"""Concurrent calls of a model server: more than there can be, so that no call is queued by Ray.

Concurrency groups would not do: each has an event loop of its own.
"""
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
    ) -> None:
        """Take backends that are ready, by the names that cohorts give them; `folder` gets logs."""
        self._models = models
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
        wishes = self._wishes
        if rebuilt:
            wishes = replace(wishes, wait=max(REBUILD_SECONDS, wishes.wait or 0.0))
        room = await find_room(self._models, wishes, self._report)
        pairs = list(zip(room.engines, room.seats, strict=True))
        on_gpus = [(engine, seat) for engine, seat in pairs if seat]
        wait = max(RESERVE_SECONDS, wishes.wait or 0.0)
        placed = await self._groups.place(on_gpus, room.view, wait)
        others = [engine for engine, seat in pairs if not seat]
        placed += place_on_cpus(others, room.view, wishes.engines_on)
        only = len(placed) == 1
        supervisors = [self._make_server(one, only=only) for one in placed]
        least = {
            name: self._wishes.least(backend.replicas) for name, backend in self._models.items()
        }
        self.pool = EnginePool([one.engine for one in placed], supervisors, least)
        self.pool.begin()
        return self.pool

    def describe(self) -> str:
        """Return the names of the models, for people."""
        return describe(self._models)

    async def close(self) -> None:
        """Close the models, end their actors and give their GPUs back."""
        if self.pool is not None:
            await self.pool.stop()
        for handle in (handle for handles in self.servers.values() for handle in handles):
            ray.kill(handle)
        self.servers = {name: [] for name in self._models}
        self._groups.remove()
        self.pool = None

    def _make_server(self, placed: PlacedEngine, *, only: bool) -> Supervisor:
        """Make the actor of an engine and its supervisor, which limits how often it restarts."""
        name, replica, backend = engine = placed.engine
        publisher = partial(Gauges, name=name or DEFAULT, replica=replica)
        options: dict[str, Any] = {
            "num_cpus": 0,
            "num_gpus": 0,
            "enable_task_events": False,
            "max_restarts": -1,
            "max_concurrency": _MAX_CONCURRENCY,
            **placed.options,
        }
        logs = log.ActorLogs(f"model-{engine.label}", self._folder, log.level())
        server = self._actor.options(**options).remote(backend, publisher, logs=logs)
        self.servers[name].append(server)
        called = backend.recorded_name
        label = called if only else f"{engine.label} ({called})"
        return Supervisor(server, label, self._report, Restarts(self._restarts))
