"""The actors: plain classes, each a thin shell around a part that runs without it.

`simnet.engine.cluster` makes Ray actors of them; tests use them as they are. The doubles that
stand for an actor in another actor, such as `RemoteModel`, are there too.
"""

import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import NamedTuple

from simnet.agents.host import Host
from simnet.engine.local import answers
from simnet.engine.population import agents_of
from simnet.engine.scheduler import Answer
from simnet.engine.wire import Packed, unpack
from simnet.inference.backend import Backend
from simnet.inference.model import Completion, Model, Prompt
from simnet.inference.settings import environment
from simnet.recording.recorder import Recorder
from simnet.scenario.scenario import Scenario


class Ready(NamedTuple):
    """What an actor says once it can work."""

    name: str
    pid: int


class LlmServer:
    """Holds one resident model and completes prompts for everyone."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._model: Model | None = None

    async def start(self) -> Ready:
        """Load the model; takes as long as the engine does."""
        if self._backend.kind == "vllm":
            # Ray gives a process that asks for no core one thread; the engine wants its own.
            settings = self._backend.settings
            os.environ.update(environment(cpu=settings.on_cpu, threads=settings.threads))
        self._model = self._backend.build()
        return Ready(self._model.name, os.getpid())

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield completions as they finish; see `Model.generate`."""
        assert self._model is not None, "start() comes first"
        async for finished in self._model.generate(prompts):
            yield finished

    async def close(self) -> None:
        """Shut the engine down; returns when its processes are gone."""
        if self._model is not None:
            await self._model.close()


class PersonaAgents:
    """Hosts agents: one persona, or as many as `personas_per_actor` says."""

    def __init__(self, scenario: Scenario, backend: Backend, model: Model) -> None:
        self._host = Host(agents_of(scenario), model, backend.encoder())

    async def start(self) -> Ready:
        """Say that the agents are there."""
        return Ready("agents", os.getpid())

    async def think(self, views: Packed) -> AsyncIterator[Answer]:
        """Let agents decide; yield decisions as they are ready."""
        async for answer in answers(self._host, unpack(views)):
            yield answer


class RecordKeeper:
    """Holds the recorder: what it has acknowledged is on disk."""

    def __init__(self, folder: Path) -> None:
        self._recorder = Recorder(folder)

    def start(self) -> Ready:
        """Say that the record is open."""
        return Ready("record", os.getpid())

    def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Append batches in order and return when they are on disk."""
        for table, batch in batches:
            self._recorder.append(table, batch)
        self._recorder.commit()

    def seal(self) -> None:
        """Turn the segments into sealed tables."""
        self._recorder.seal()
