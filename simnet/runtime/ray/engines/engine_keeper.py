"""The actor that keeps engines up for several runs, and what it tells of them.

Where it is detached, it outlives the process that made it. It owns the actors of its engines, so
these end with it and, wherever Ray starts it again, it starts them again.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import ray
from platformdirs import user_state_path
from ray._private import state
from ray.actor import ActorHandle
from ray.exceptions import RayError

from simnet.errors import RunError, reason
from simnet.foundation import log
from simnet.inference.backend import Backend
from simnet.inference.fleet.fair_shares import SLOTS, Share
from simnet.runtime.nodes.cluster_wishes import ClusterWishes
from simnet.runtime.ray.engines.engines_of_run import EnginesOfRun
from simnet.runtime.ray.held_lines import Line
from simnet.runtime.ray.session.daemon_call import in_daemon_thread

LOOK_SECONDS = 1.0
"""Wall seconds between two looks whether the runs that use the engines still live."""
_ADMITTED = 1.1
"""Calls in flight for each sequence of an engine: enough that it never waits for one."""


class LentEngines(NamedTuple):
    """What a run gets."""

    client: str
    """What it is called by the engines."""
    backend: Backend
    servers: Sequence[ActorHandle]


class KeptEngine(NamedTuple):
    """One engine."""

    engine: str
    state: str
    """`starting`, `up`, `restarting` or `failed`."""
    restarts: int


class KeptState(NamedTuple):
    """What is kept under one name."""

    name: str
    model: str
    backend: str
    adapters: Sequence[str]
    slots: int | None
    """Calls that the engines work on at once; None if that is not known."""
    began: float
    """When it was started, in seconds since 1970."""
    engines: Sequence[KeptEngine]
    runs: Sequence[Share]
    """The runs that use them now, with what they have of all engines together."""


class EngineKeeper:
    """Keeps the engines of one model."""

    def __init__(self, name: str, backend: Backend, wishes: ClusterWishes) -> None:
        """Take a backend that is ready; the engines are started by `start`."""
        self._folder = folder = folder_of(name)
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            log.ActorLogs("keeper", folder).set_up()
        self._name = name
        self._backend = backend
        self._news: list[str] = []
        slots = backend.slots
        each = SLOTS if slots is None else math.ceil(_ADMITTED * slots / backend.replicas)
        self._engines = EnginesOfRun(
            {None: backend}, folder, self._report, wishes=wishes, shared_slots=each
        )
        self._starting = asyncio.Lock()
        self._began = time.time()
        self._jobs: dict[str, str] = {}
        """The job of each client."""
        self._lent = 0
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the engines unless they are; return once they are up. Raises RunError."""
        async with self._starting:
            if self._engines.pool is None:
                self._report(f"starting {self._engines.describe()}")
                await self._engines.make()
                self._engines.log_to(ray.get_runtime_context().current_actor)
            pool = self._engines.pool
            assert pool is not None
            await pool.up()
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())

    async def news(self, since: int) -> list[str]:
        """Return the lines that were reported, from the one of a number on."""
        return self._news[since:]

    async def keep_logs(self, lines: Sequence[Line]) -> None:
        """Append log lines of the engines, wherever these are, to the logs beside its own."""
        self._folder.mkdir(parents=True, exist_ok=True)
        log.append_lines(self._folder, lines)

    async def describe(self) -> Backend:
        """Return what is served."""
        return self._backend

    async def lend(self, run: str, job: str) -> LentEngines:
        """Return the engines for a run, whose calls are aborted once its Ray job has ended."""
        await self.start()
        self._check()
        self._lent += 1
        client = f"{run}#{self._lent}"
        self._jobs[client] = job
        return LentEngines(client, self._backend, self._engines.servers[None])

    async def give_back(self, client: str) -> None:
        """Abort all calls of a run, which takes no more."""
        self._jobs.pop(client, None)
        for server in self._engines.servers[None]:
            with suppress(RayError):  # one that is restarted has no calls
                await server.release.remote(client)

    async def check(self) -> None:
        """Raise RunError if too many engines are given up."""
        self._check()

    async def describe_state(self) -> KeptState:
        """Return what is kept and who uses it."""
        backend, pool = self._backend, self._engines.pool
        return KeptState(
            self._name,
            backend.recorded_name,
            backend.name,
            sorted(backend.adapters() or ()),
            backend.slots,
            self._began,
            [KeptEngine(*one) for one in pool.states()] if pool is not None else [],
            await self._shares(),
        )

    async def close(self) -> None:
        """Close the engines and give their GPUs back."""
        if self._watching is not None:
            self._watching.cancel()
        await self._engines.close()

    async def _shares(self) -> list[Share]:
        sums = {client: Share(client.rpartition("#")[0], 0, 0, 0) for client in self._jobs}
        for server in self._engines.servers[None]:
            with suppress(RayError, TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    for one in await server.shares.remote():
                        if one.client in sums:
                            run, *counts = sums[one.client]
                            added = [a + b for a, b in zip(counts, one[1:], strict=True)]
                            sums[one.client] = Share(run, *added)
        return list(sums.values())

    async def _watch(self) -> None:
        """Take the engines back from runs whose process has ended, in whatever way."""
        trouble = None
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._take_back()
            except Exception as error:  # noqa: BLE001  (told, and the next look may succeed)
                if trouble != reason(error):
                    trouble = reason(error)
                    self._report(f"could not see which runs have ended, looking on: {trouble}")
            else:
                trouble = None

    async def _take_back(self) -> None:
        if not self._jobs:
            return
        jobs = await in_daemon_thread(state.jobs)
        over = {str(one["JobID"]) for one in jobs if one["IsDead"]}
        for client, job in list(self._jobs.items()):
            if job in over:
                self._report(f"{client.rpartition('#')[0]} has ended; its calls are aborted")
                await self.give_back(client)

    def _check(self) -> None:
        pool = self._engines.pool
        if pool is not None and pool.failure is not None:
            raise RunError(
                f"the kept engines {self._name!r} are given up: {pool.failure}; start them again "
                f"with: simnet serve --stop {self._name}, then simnet serve"
            )

    def _report(self, line: str) -> None:
        self._news.append(line)
        log.get("simnet.engines").info(line)


def folder_of(name: str) -> Path:
    """Return where the logs of kept engines are, on the node of the actor that keeps them."""
    return user_state_path("simnet") / "engines" / name
