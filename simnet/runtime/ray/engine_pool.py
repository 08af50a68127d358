"""The engines of a run, each with its supervisor, told of as one."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from simnet.errors import RunError
from simnet.inference.backend import Backend
from simnet.runtime.models import DEFAULT
from simnet.runtime.ray.supervisor import Supervisor
from simnet.scheduler.messages import EngineState, Finish, Progress, with_engines


class Engine(NamedTuple):
    """One engine: a replica of one of the models."""

    name: str | None
    """What cohorts call its model."""
    replica: int
    backend: Backend

    @property
    def label(self) -> str:
        """Name it: as its model is called and, if that has replicas, by its number."""
        name = self.name or DEFAULT
        return name if self.backend.replicas == 1 else f"{name}.{self.replica}"


def engines_of(models: Mapping[str | None, Backend]) -> list[Engine]:
    """List the engines that models need."""
    return [
        Engine(name, replica, backend)
        for name, backend in models.items()
        for replica in range(backend.replicas)
    ]


def describe(models: Mapping[str | None, Backend]) -> str:
    """Name models, with how many replicas they have, if several."""
    told = [
        f"{backend.model} ({backend.replicas} replicas)" if backend.replicas > 1 else backend.model
        for backend in models.values()
    ]
    return f"the model{'s' if len(told) > 1 else ''} {', '.join(told)}"


class Fleet:
    """The supervisors of all engines. Each restarts its own; what they report is put together."""

    def __init__(self, engines: Sequence[Engine], supervisors: Sequence[Supervisor]) -> None:
        self._engines = engines
        self._supervisors = supervisors

    def begin(self) -> None:
        """Let all engines load their models, side by side."""
        for supervisor in self._supervisors:
            supervisor.begin()

    async def up(self) -> None:
        """Return once all engines are up. Raises RunError when one does not start."""
        await asyncio.gather(*(supervisor.up() for supervisor in self._supervisors))

    async def stop(self) -> None:
        """Watch the engines no longer and close those that are up."""
        await asyncio.gather(*(supervisor.stop() for supervisor in self._supervisors))
        await asyncio.gather(*(supervisor.close() for supervisor in self._supervisors))

    @property
    def failure(self) -> RunError | None:
        """Why an engine is not restarted any more."""
        failures = (supervisor.failure for supervisor in self._supervisors)
        return next(filter(None, failures), None)

    def complete(self, news: Progress | Finish) -> Progress | Finish:
        """Add incidents and the newest statistics to a report; ask for the next ones."""
        if isinstance(news, Finish):
            return news._replace(progress=self._told(news.progress))
        for supervisor in self._supervisors:
            supervisor.sample()
        return self._told(news)

    async def last_sample(self) -> None:
        """Ask for the statistics once more, at the end."""
        await asyncio.gather(*(supervisor.last_sample() for supervisor in self._supervisors))

    def _told(self, progress: Progress) -> Progress:
        supervisors = self._supervisors
        causes = [incident.cause for one in supervisors for incident in one.incidents]
        states = [
            EngineState(engine.label, engine.backend.model, one.statistics, len(one.incidents))
            for engine, one in zip(self._engines, supervisors, strict=True)
        ]
        return with_engines(progress._replace(incidents=tuple(causes)), states)
