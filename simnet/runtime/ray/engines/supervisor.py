"""Supervises the actor of a model server: restarts it, records incidents, samples statistics."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import ray
from ray._private import state
from ray.actor import ActorHandle
from ray.exceptions import OutOfMemoryError, RayError, RayTaskError

from simnet.errors import RunError, SimnetError, reason
from simnet.foundation.text import counted
from simnet.runtime.ray.actor_ready import Ready
from simnet.runtime.ray.engines.llm_server import CLOSE_SECONDS, Incident
from simnet.runtime.ray.engines.sampled_engine import SampledEngine
from simnet.runtime.ray.forwarded_logs import RemoteLog
from simnet.runtime.ray.proxies import raised, shortage, unwrapped
from simnet.runtime.ray.session import nodes
from simnet.runtime.ray.session.daemon_call import in_daemon_thread
from simnet.runtime.restart_policy import Restarts

_RETRIES = 2
"""Retries of `start`: the first may reach a process that is about to end."""
_LAST_LINES_SECONDS = 3.0
"""Wall seconds that a server which did not start has to send what it logged."""


class Supervisor(SampledEngine):
    """Restarts one server whenever it dies, until it fails too often."""

    def __init__(
        self, server: ActorHandle, name: str, report: Callable[[str], None], restarts: Restarts
    ) -> None:
        super().__init__(server)
        self._name = name
        self._report = report
        self._restarts = restarts
        self._starting: asyncio.Task[Ready] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._stopped = asyncio.Event()
        self._node: str | None = None
        """Where the server was up last, by the id of the node."""
        self._life = ""
        """Which process of the server was up last."""
        self._log: RemoteLog | None = None
        """Where the server sends its log lines."""
        self._telling: asyncio.Task[None] | None = None
        self.restarting = False

    def begin(self) -> None:
        """Start to load the model, which takes long; `up` waits for it."""
        self._starting = asyncio.create_task(self._load())

    def log_to(self, keeper: ActorHandle) -> None:
        """Have an actor write the server's log lines, also after a restart; see `LogKeeper`."""
        self._log = RemoteLog(keeper)
        self._tell_log()

    @property
    def state(self) -> str:
        """`starting`, `up`, `restarting` or `failed`."""
        if self.failure is not None:
            return "failed"
        if self._watching is None:
            return "starting"
        return "restarting" if self.restarting else "up"

    async def up(self) -> Ready:
        """Return once the model is loaded; supervise it from then on. Raises RunError."""
        assert self._starting is not None
        if self._watching is not None:
            return await self._starting
        try:
            ready = await self._starting
        except RunError as error:
            self.failure = error
            await self._fetch_last_lines()
            raise
        node = await self._where()
        if self._watching is None:  # several runs may have waited for it
            self._node, self._life = node, ready.life
            self._watching = asyncio.create_task(self._watch())
        return ready

    async def stop(self) -> None:
        """Stop supervising."""
        self._stopped.set()
        started = (self._starting, self._watching, self.sampling, self._telling)
        tasks = [task for task in started if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """Close the model, if it ever was up.

        A model that is still starting cannot be closed; its processes end with its actor.
        """
        if self._watching is None:
            return
        with suppress(RayError, SimnetError, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._server.close.remote()

    async def _load(self) -> Ready:
        with unwrapped():
            ready: Ready = await self._server.start.remote()
        return ready

    # -- death and restart ------------------------------------------------------------

    async def _watch(self) -> None:
        while self.failure is None:
            try:
                incident = await self._server.watch.remote(self._life)
            except RayError as error:
                incident = _incident(error)
            await self._restart(incident)

    async def _restart(self, incident: Incident | None) -> None:
        """Restart the server until it is up or has failed too often."""
        self.restarting = True
        while incident is not None:
            self.incidents.append(incident)
            if await self._node_is_lost():
                incident = await self._moved()
                continue
            wait = self._restarts.failed()
            if wait is None:
                self._give_up(incident)
                return
            self._report(f"{incident.message}; starting the model again in {wait:g} s")
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._stopped.wait()
            incident = await self._start()
        self._node = await self._where()
        self.restarting = False
        self._report(f"the model {self._name} is back")

    async def _node_is_lost(self) -> bool:
        """Tell whether the node of the server is gone, for which the model is not to blame.

        A node that cannot be looked up counts as there: else the watch over the server would end.
        """
        if self._node is None:
            return False
        try:
            view = await nodes.view()
        except Exception as error:  # noqa: BLE001  (whatever Ray raises while it is busy)
            self._report(f"could not list the nodes, starting the model again: {reason(error)}")
            return False
        return all(node.id != self._node for node in view.nodes)

    async def _moved(self) -> Incident | None:
        """Wait until Ray has declared the node dead and started the server on another one.

        That takes as long as Ray's health checks do, and until there is room. Each call returns
        at once as long as Ray does not know.
        """
        self._report(
            f"the model {self._name} was on a node that is lost; waiting until Ray starts it on "
            "another"
        )
        self._node = None
        return await self._start(retries=-1)

    async def _where(self) -> str | None:
        """Return the id of the server's node, as Ray knows it; None if Ray cannot tell it."""
        actor = self._server._actor_id.hex()  # noqa: SLF001
        try:
            entry = await in_daemon_thread(lambda: state.actors(actor))
        except Exception as error:  # noqa: BLE001  (whatever Ray raises while it is busy)
            self._report(f"could not look up the node of the model {self._name}: {reason(error)}")
            return None
        return str(entry["Address"]["NodeID"]) if entry else None

    async def _start(self, retries: int | None = None) -> Incident | None:
        retries = _RETRIES if retries is None else retries
        try:
            ready: Ready = await self._server.start.options(max_task_retries=retries).remote()
        except RayTaskError as error:
            await self._fetch_last_lines()
            ray.kill(self._server, no_restart=False)
            return Incident("engine did not start", str(raised(error)))
        except RayError as error:
            return _incident(error)
        self._life = ready.life
        self._tell_log()  # a new process knows nothing of what the last one was told
        return None

    def _tell_log(self) -> None:
        """Tell the server where its log lines go, which it hears once it has loaded its model."""
        if self._telling is not None:
            self._telling.cancel()
        self._telling = asyncio.create_task(self._told_log())

    async def _told_log(self) -> None:
        if self._log is not None:
            with suppress(RayError):  # it has died and is told again once it is back
                await self._server.log_to.remote(self._log)

    async def _fetch_last_lines(self) -> None:
        """Return once the lines of a server that is about to end are written, or at a deadline."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_LINES_SECONDS):
                await self._told_log()

    def _give_up(self, last: Incident) -> None:
        """Kill the server without restart: all who wait for it get an error."""
        times = len(self.incidents)
        self.failure = RunError(
            f"the model {self._name} failed {counted(times, 'time')}, more than "
            f"{self._restarts.most} in {self._restarts.window:g} s; the last time: {last.message}"
        )
        self._report(f"{self.failure}; it is given up")
        ray.kill(self._server)


def _incident(error: RayError) -> Incident:
    """Return why the process of the server ended, as far as Ray knows."""
    short = any(words in str(error) for words in ("low on memory", "memory monitor"))
    if short or isinstance(error, OutOfMemoryError):
        return Incident("out of memory", f"the server died: {shortage(error)}")
    return Incident("server died", reason(error))
