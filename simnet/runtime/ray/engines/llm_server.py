"""The server of a model: a plain class that ends its process when its model dies.

A model that died may leave its process in any state, so nothing is repaired in place: the
process ends and Ray starts another, which runs the constructor and waits for `start`.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple, NoReturn, TypeAlias
from uuid import uuid4

from simnet.errors import ModelGoneError, RunError
from simnet.foundation import log
from simnet.inference.backend import Backend
from simnet.inference.calls.statistics import Measured, Statistics
from simnet.inference.fleet.fair_shares import Share, SharedModel
from simnet.inference.model import Completion, Model, Postponing, Prompt
from simnet.runtime.ray.actor_ready import Ready
from simnet.runtime.ray.held_lines import HeldLines, Send

PUBLISH_SECONDS = 1.0
"""Shortest time, in wall seconds, between two publications of the statistics."""
CLOSE_SECONDS = 8.0
"""Wall seconds that a model has to end its processes."""
MAX_CONCURRENCY = 10_000
"""Concurrent calls of its actor: more than there can be, so that no call is queued by Ray.

Concurrency groups would not do: each has an event loop of its own.
"""
_EXIT_DELAY = 0.5
"""Wall seconds between the reply to `watch` and the end of the process."""

Publish: TypeAlias = Callable[[Statistics], None]
Publisher: TypeAlias = Callable[[str], Publish]
"""Takes the name of a model and returns a function that publishes its statistics."""
_LOG = log.get("simnet.model")


class Incident(NamedTuple):
    """Why a model died."""

    cause: str
    """A category in two or three words; incidents are counted by it."""
    message: str


class LlmServer:
    """Holds one model and completes prompts."""

    def __init__(
        self,
        backend: Backend,
        publisher: Publisher | None = None,
        end_process: Callable[[int], object] = os._exit,
        *,
        clock: Callable[[], float] = time.monotonic,
        shared_slots: int | None = None,
        logs: log.ActorLogs | None = None,
    ) -> None:
        """Take a backend that is ready.

        With `shared_slots` several runs may ask the model: so many calls are in flight, dealt
        fairly among them.
        """
        self._lines = HeldLines()
        if logs is not None:
            logs._replace(forward=self._lines).set_up()
        self._backend = backend
        self._publisher = publisher
        self._end_process = end_process
        self._clock = clock
        self._model: Model | None = None
        self._shared_slots = shared_slots
        self._shared: SharedModel | None = None
        self._publish: Publish | None = None
        self._published_at = 0.0
        self._starting = asyncio.Lock()
        self._up = asyncio.Event()
        self._ended = asyncio.Event()
        self._incident: Incident | None = None
        self._ending: asyncio.Task[None] | None = None
        self._life = uuid4().hex

    async def start(self) -> Ready:
        """Load the model, unless it is loaded; takes as long as the engine takes to start.

        Raises RunError if it cannot be loaded. Never returns in a process that is about to end.
        """
        async with self._starting:
            if self._incident is not None:
                await _wait_for_ever()
            if self._model is None:
                began = time.monotonic()
                with log.failures(
                    _LOG, "the model was not loaded", model=self._backend.recorded_name
                ):
                    self._model = self._build()
                seconds = round(time.monotonic() - began, 3)
                _LOG.info("model loaded", model=self._model.name, seconds=seconds)
                self._up.set()
            return Ready(self._model.name, os.getpid(), self._life)

    async def ready(self) -> None:
        """Return once the model is loaded."""
        await self._up.wait()

    async def watch(self, life: str) -> Incident:
        """Return the reason once the model has died; the process ends soon after.

        `life` is what `start` returned. A process that was started since then says so at once:
        the one with the model has died before anybody watched it.
        """
        if life != self._life:
            return Incident("server died", "the server died and Ray started it again")
        await self._ended.wait()
        assert self._incident is not None
        return self._incident

    async def generate(
        self, prompts: Sequence[Prompt], client: str | None = None
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield completions as they finish; see `Model.generate`.

        `client` is the run that asks, where several share the model.
        """
        await self._up.wait()
        assert self._model is not None
        if self._shared is not None and client is not None:
            completions = self._shared.generate(prompts, client)
        else:
            completions = self._model.generate(prompts)
        try:
            async for finished in completions:
                yield finished
                self._publish_statistics()
        except ModelGoneError as gone:
            self._end(gone)
            raise

    async def complete(
        self, prompts: Sequence[Prompt], client: str | None = None
    ) -> list[tuple[int, Completion]]:
        """Return all completions together; see `generate`."""
        return [pair async for finished in self.generate(prompts, client) for pair in finished]

    async def postpone(self) -> None:
        """Send no more prompts, as the run stops."""
        if isinstance(self._model, Postponing):
            self._model.postpone()

    async def release(self, client: str) -> None:
        """Abort all calls of a run that shares the model, and refuse further ones."""
        if self._shared is not None:
            self._shared.release(client)

    async def shares(self) -> list[Share]:
        """Return what each run has of a model that several share."""
        return self._shared.shares() if self._shared is not None else []

    async def log_to(self, send: Send) -> None:
        """Send log lines there, where this node does not have the folder of the logs.

        Returns once the lines so far are written, or when they cannot be.
        """
        await asyncio.wrap_future(self._lines.send_to(send))

    def statistics(self) -> Statistics | None:
        """Return the statistics of the model; None if it has none."""
        return self._model.statistics() if isinstance(self._model, Measured) else None

    async def close(self) -> None:
        """Shut the model down; returns when its processes have ended."""
        if self._model is not None:
            await self._model.close()

    def _build(self) -> Model:
        # Ray limits a process that requests no core to one thread; an engine needs its own number.
        os.environ.update(self._backend.environment())
        model = self._backend.build()
        if self._shared_slots is not None:
            self._shared = SharedModel(model, self._shared_slots)
        if self._publisher is not None and isinstance(model, Measured):
            self._publish = self._publisher(self._backend.recorded_name)
        return model

    def _publish_statistics(self) -> None:
        now = self._clock()
        if self._publish is not None and now - self._published_at >= PUBLISH_SECONDS:
            self._published_at = now
            assert isinstance(self._model, Measured)
            self._publish(self._model.statistics())

    def _end(self, gone: ModelGoneError) -> None:
        """Start to end this process; the next process answers calls from now on."""
        if self._incident is None:
            self._incident = Incident(gone.cause, str(gone))
            _LOG.error("the model is gone", cause=gone.cause, error=str(gone))
            self._up.clear()
            self._ending = asyncio.create_task(self._close_and_exit())

    async def _close_and_exit(self) -> None:
        assert self._model is not None
        assert self._incident is not None
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._model.close()
        except (RunError, TimeoutError) as fault:
            message = f"{self._incident.message}; {fault or 'its processes did not end in time'}"
            self._incident = self._incident._replace(message=message)
        self._ended.set()
        asyncio.get_running_loop().call_later(_EXIT_DELAY, self._end_process, 1)


async def _wait_for_ever() -> NoReturn:
    await asyncio.get_running_loop().create_future()
    raise AssertionError("nobody sets that future")
