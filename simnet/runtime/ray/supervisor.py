"""Watches over the actor that holds the model: restarts it, counts why, asks how it does."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import ray
from ray.actor import ActorHandle
from ray.exceptions import OutOfMemoryError, RayError, RayTaskError

from simnet.errors import RunError, SimnetError, reason
from simnet.inference.statistics import Statistics
from simnet.runtime.ray.llm_server import CLOSING_TIME, Incident, Ready
from simnet.runtime.ray.proxies import raised, unwrapped
from simnet.runtime.ray.restart_policy import Restarts

SAMPLED_EVERY = 1.0
"""Wall seconds at least between two samples of the statistics."""
_LAST_SAMPLE = 2.0
"""Wall seconds the last sample may take."""
_RETRIES = 2
"""A start may find the process that is about to end, and has to reach the next."""


class Supervisor:
    """Keeps one server going, until it fails too often."""

    def __init__(
        self, server: ActorHandle, name: str, say: Callable[[str], None], restarts: Restarts
    ) -> None:
        self._server = server
        self._name = name
        self._say = say
        self._restarts = restarts
        self._starting: asyncio.Task[Ready] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._asked = 0.0
        self._stopped = asyncio.Event()
        self.statistics: Statistics | None = None
        """What the model was doing lately, if it says."""
        self.incidents: list[Incident] = []
        self.failure: RunError | None = None
        """Why the server is not restarted any more."""

    def begin(self) -> None:
        """Let the server load the model, which takes long; `up` waits for it."""
        self._starting = asyncio.create_task(self._load())

    async def up(self) -> Ready:
        """Return once the model is loaded, and watch it from then on. Raises RunError."""
        assert self._starting is not None
        ready = await self._starting
        self._watching = asyncio.create_task(self._watch())
        return ready

    async def stop(self) -> None:
        """Watch no longer."""
        self._stopped.set()
        begun = (self._starting, self._watching, self._asking)
        tasks = [task for task in begun if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """Let the server close its model, if it ever was up.

        An engine that is still starting cannot be asked to; its processes end with its actor's.
        """
        if self._watching is None:
            return
        with suppress(RayError, SimnetError, TimeoutError):
            async with asyncio.timeout(CLOSING_TIME):
                await self._server.close.remote()

    def sample(self) -> None:
        """Ask for the statistics, unless that was just done."""
        if self._asking is None and time.monotonic() - self._asked >= SAMPLED_EVERY:
            self._asked = time.monotonic()
            self._asking = asyncio.create_task(self._ask())

    async def last_sample(self) -> None:
        """Ask for the statistics once more, at the end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SAMPLE):
                await self._ask()

    async def _ask(self) -> None:
        try:
            self.statistics = await self._server.statistics.remote()
        except RayError:
            self.statistics = None  # a server that is being restarted has none
        finally:
            self._asking = None

    async def _load(self) -> Ready:
        with unwrapped():
            ready: Ready = await self._server.start.remote()
        return ready

    # -- death and restart ------------------------------------------------------------

    async def _watch(self) -> None:
        while self.failure is None:
            try:
                incident = await self._server.watch.remote()
            except RayError as error:
                incident = _incident(error)
            await self._restart(incident)

    async def _restart(self, incident: Incident | None) -> None:
        """Start the server again and again until it is up or that was once too often."""
        while incident is not None:
            self.incidents.append(incident)
            wait = self._restarts.failed()
            if wait is None:
                self._give_up(incident)
                return
            self._say(f"{incident.message}; starting the model again in {wait:g} s")
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._stopped.wait()
            incident = await self._start()
        self._say(f"the model {self._name} is back")

    async def _start(self) -> Incident | None:
        try:
            await self._server.start.options(max_task_retries=_RETRIES).remote()
        except RayTaskError as error:
            ray.kill(self._server, no_restart=False)
            return Incident("engine did not start", str(raised(error)))
        except RayError as error:
            return _incident(error)
        return None

    def _give_up(self, last: Incident) -> None:
        """End the server for good: everyone who waits for it learns that it is dead."""
        times = len(self.incidents)
        self.failure = RunError(
            f"the model {self._name} failed {times} times, more than {self._restarts.most} in "
            f"{self._restarts.window:g} s; the last time: {last.message}"
        )
        ray.kill(self._server)


def _incident(error: RayError) -> Incident:
    """Say why the process of the server is gone, as far as Ray knows."""
    full = isinstance(error, OutOfMemoryError) or "memory monitor" in str(error)
    return Incident("out of memory" if full else "server died", reason(error))
