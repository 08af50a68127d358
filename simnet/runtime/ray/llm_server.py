"""The server of a model: a plain class that ends its process once the model in it is gone.

A model that died may have left anything behind in its process, so nothing is mended in place:
the process ends and Ray starts another, which runs the constructor and waits for `start`.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple, NoReturn, TypeAlias

from simnet.errors import ModelGoneError, RunError
from simnet.inference.backend import Backend
from simnet.inference.model import Completion, Model, Prompt
from simnet.inference.statistics import Measured, Statistics

PUBLISHED_EVERY = 1.0
"""Wall seconds at least between two publications of the statistics."""
CLOSING_TIME = 8.0
"""Wall seconds a model that is gone has to end its processes."""
_FAREWELL = 0.5
"""Wall seconds in which those who wait hear why, before the process ends."""

Publish: TypeAlias = Callable[[Statistics], None]
Publisher: TypeAlias = Callable[[str], Publish]
"""Given the name of a model, makes what publishes its statistics."""


class Ready(NamedTuple):
    """What an actor says once it can work."""

    name: str
    pid: int


class Incident(NamedTuple):
    """Why a model is gone."""

    cause: str
    """Two or three words, the same ones each time."""
    message: str


class LlmServer:
    """Holds one resident model and completes prompts for everyone."""

    def __init__(
        self,
        backend: Backend,
        publisher: Publisher | None = None,
        end_process: Callable[[int], object] = os._exit,
    ) -> None:
        self._backend = backend
        self._publisher = publisher
        self._end_process = end_process
        self._model: Model | None = None
        self._publish: Publish | None = None
        self._published = 0.0
        self._starting = asyncio.Lock()
        self._up = asyncio.Event()
        self._ended = asyncio.Event()
        self._incident: Incident | None = None
        self._ending: asyncio.Task[None] | None = None

    async def start(self) -> Ready:
        """Load the model, unless it is loaded; takes as long as the engine does.

        Raises RunError if it cannot be loaded. In a process that is about to end, never returns.
        """
        async with self._starting:
            if self._incident is not None:
                await _for_ever()
            if self._model is None:
                self._model = self._build()
                self._up.set()
            return Ready(self._model.name, os.getpid())

    async def ready(self) -> None:
        """Return once the model is loaded."""
        await self._up.wait()

    async def watch(self) -> Incident:
        """Return when the model is gone, with the reason; the process ends soon after."""
        await self._ended.wait()
        assert self._incident is not None
        return self._incident

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield completions as they finish; see `Model.generate`."""
        await self._up.wait()
        assert self._model is not None
        try:
            async for finished in self._model.generate(prompts):
                yield finished
                self._tell()
        except ModelGoneError as gone:
            self._end(gone)
            raise

    async def complete(self, prompts: Sequence[Prompt]) -> list[tuple[int, Completion]]:
        """Return all completions at once; see `generate`."""
        return [pair async for finished in self.generate(prompts) for pair in finished]

    def statistics(self) -> Statistics | None:
        """Tell what the model is doing; None if it does not say."""
        return self._model.statistics() if isinstance(self._model, Measured) else None

    async def close(self) -> None:
        """Shut the engine down; returns when its processes are gone."""
        if self._model is not None:
            await self._model.close()

    def _build(self) -> Model:
        # Ray sets one thread for a process that asks for no core; an engine needs its own number.
        os.environ.update(self._backend.environment())
        model = self._backend.build()
        if self._publisher is not None and isinstance(model, Measured):
            self._publish = self._publisher(self._backend.model)
        return model

    def _tell(self) -> None:
        now = time.monotonic()
        if self._publish is not None and now - self._published >= PUBLISHED_EVERY:
            self._published = now
            assert isinstance(self._model, Measured)
            self._publish(self._model.statistics())

    def _end(self, gone: ModelGoneError) -> None:
        """Begin to end this process; whoever asks from now on is answered by the next one."""
        if self._incident is None:
            self._incident = Incident(gone.cause, str(gone))
            self._up.clear()
            self._ending = asyncio.create_task(self._bury())

    async def _bury(self) -> None:
        assert self._model is not None
        assert self._incident is not None
        try:
            async with asyncio.timeout(CLOSING_TIME):
                await self._model.close()
        except (RunError, TimeoutError) as fault:
            told = f"{self._incident.message}; {fault or 'its processes did not end in time'}"
            self._incident = self._incident._replace(message=told)
        self._ended.set()
        asyncio.get_running_loop().call_later(_FAREWELL, self._end_process, 1)


async def _for_ever() -> NoReturn:
    await asyncio.get_running_loop().create_future()
    raise AssertionError("nobody sets that future")
