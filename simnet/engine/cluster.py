"""The only file that knows Ray: makes actors of plain classes, drives a run, takes all down."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import ray
from ray.actor import ActorHandle
from ray.exceptions import RayActorError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from simnet.engine.actors import LlmServer, PersonaAgents, RecordKeeper
from simnet.engine.placement import PersonasPerActor, Placement, place
from simnet.engine.play import Phases, Play
from simnet.engine.scheduler import Answer, Finish, Progress
from simnet.engine.wire import pack
from simnet.errors import RunError, SimnetError
from simnet.inference.backend import Backend
from simnet.inference.model import Completion, Prompt
from simnet.scenario.scenario import Scenario
from simnet.world.posts import View

CLOSING_TIME = 8.0
"""Wall seconds the engine has to end its processes before its actor is killed."""


class RemoteModel:
    """The model of another actor."""

    def __init__(self, server: ActorHandle, name: str) -> None:
        self._server = server
        self.name = name

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Send prompts to the server and yield what comes back."""
        async for finished in _stream(self._server.generate, prompts):
            yield finished

    async def close(self) -> None:
        """Leave the server to whoever started it."""


class RemoteMinds:
    """Agents in other actors."""

    def __init__(self, hosts: Sequence[ActorHandle], placement: Placement) -> None:
        self._hosts = hosts
        self._host_of = placement.host_of

    def host_of(self, who: str) -> int:
        """Return the number of the actor where this persona lives."""
        return self._host_of[who]

    async def think(self, host: int, views: Sequence[View]) -> AsyncIterator[Answer]:
        """Send views to one actor and yield what comes back."""
        async for answer in _stream(self._hosts[host].think, pack(views)):
            yield answer


class RemoteRecord:
    """The recorder in another actor."""

    def __init__(self, keeper: ActorHandle) -> None:
        self._keeper = keeper

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Return when the other actor has them on disk."""
        with _unwrapped():
            await self._keeper.write.remote(batches)


class SchedulerActor:
    """Holds the kernel and its driver."""

    def __init__(
        self,
        scenario: Scenario,
        hosts: list[ActorHandle],
        placement: Placement,
        keeper: ActorHandle,
    ) -> None:
        minds, record = RemoteMinds(hosts, placement), RemoteRecord(keeper)
        self._play = Play(scenario, minds, record)

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
        backend: Backend,
        folder: Path,
        *,
        address: str | None = None,
        personas_per_actor: PersonasPerActor = "auto",
        modules: Sequence[ModuleType] = (),
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take what to run and where.

        `modules` are the scenario's that other processes cannot import; their code is sent along.
        """
        self._scenario = scenario
        self._backend = backend
        self._folder = folder.resolve()
        self._address = address
        self._per_actor = personas_per_actor
        self._say = say
        self._modules = modules
        self._started_ray = False
        self._engine_is_up = False
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
        self.placement = place(self._scenario, self._per_actor, os.cpu_count() or 1)
        self._say(f"starting {self.placement.describe()}")
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self._server = self._actor(LlmServer, self._backend, **_resources(self._backend))
        # The engine takes longest to start; the agents start beside it.
        engine = asyncio.ensure_future(self._answer(self._server.start))
        self._keeper = self._actor(RecordKeeper, self._folder, scheduling_strategy=here)
        model = RemoteModel(self._server, self._backend.model)
        hosts = [
            self._actor(PersonaAgents, self._scenario, self._backend, model)
            for _ in range(self.placement.actors)
        ]
        await asyncio.gather(*(self._answer(actor.start) for actor in (self._keeper, *hosts)))
        self.phases.end("agents")
        self._say(f"waiting for the model {self._backend.model}")
        await engine
        self._engine_is_up = True
        self.phases.end("engine")
        self._scheduler = self._actor(
            SchedulerActor, self._scenario, hosts, self.placement, self._keeper
        )

    def _connect(self) -> None:
        if ray.is_initialized():
            return
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if self._address is None:
            options |= {"include_dashboard": False, "configure_logging": True}
        try:
            ray.init(address=self._address or "local", **options)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise RunError(
                f"there is no Ray cluster at {self._address or 'this machine'}: {error}"
            ) from error
        self._started_ray = True

    def _actor(self, kind: type, *arguments: object, **options: object) -> ActorHandle:
        remote = ray.remote(kind).options(**{"num_cpus": 0, "max_restarts": 0, **options})
        handle = remote.remote(*arguments)
        self._handles.append(handle)
        return handle

    async def _answer(self, method: Any) -> Any:
        with _unwrapped():
            return await method.remote()

    async def run(self) -> AsyncIterator[Progress | Finish]:
        """Run the scenario; yield progress, and how it ended as the last thing."""
        async for news in _stream(self._scheduler.run):
            yield news

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
        """Close the model, end all actors and, if this run started it, Ray.

        An engine that is still starting cannot be asked to close; its processes end with its
        actor's.
        """
        if self._handles and ray.is_initialized():
            if self._engine_is_up:
                with suppress(RayError, SimnetError, TimeoutError):
                    async with asyncio.timeout(CLOSING_TIME):
                        await self._server.close.remote()
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


def _resources(backend: Backend) -> dict[str, object]:
    """Say what the server's process needs of its node."""
    return {"num_gpus": 0 if backend.kind == "fake" or backend.settings.on_cpu else 1}


async def _stream(method: Any, *arguments: object) -> AsyncIterator[Any]:
    """Call a method that yields, and yield what it does as it comes."""
    with _unwrapped():
        async for reference in method.options(num_returns="streaming").remote(*arguments):
            yield await reference


class _unwrapped:  # noqa: N801  (reads as a statement: with _unwrapped())
    """Raise what the other process raised, or RunError if it is gone."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RayActorError):
            raise RunError(f"an actor died: {error}") from error
        if isinstance(error, RayTaskError):
            cause = error.cause
            raise cause if isinstance(cause, SimnetError) else RunError(_told(cause)) from error


def _told(cause: BaseException) -> str:
    """Say what went wrong in another process; its traceback stays with the error's cause."""
    notes = "".join(f" ({note})" for note in getattr(cause, "__notes__", ()))
    return f"{type(cause).__name__}: {cause}{notes}"
