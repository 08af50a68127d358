"""The engines of a run and their supervisors, handled as one."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, Self

from simnet.errors import RunError
from simnet.inference.backend import Backend
from simnet.runtime.models import DEFAULT
from simnet.runtime.ray.engines.sampled_engine import SampledEngine
from simnet.scheduler.progress.messages import EngineState, Finish, Progress, with_engines


class Engine(NamedTuple):
    """One engine: a replica of one of the models."""

    name: str | None
    """The name that cohorts give its model."""
    replica: int
    backend: Backend

    @property
    def label(self) -> str:
        """The name of its model, with the number of the replica if there are several."""
        name = self.name or DEFAULT
        return name if self.backend.replicas == 1 else f"{name}.{self.replica}"


def engines_of(models: Mapping[str | None, Backend]) -> list[Engine]:
    """List the engines of models, one for each replica."""
    return [
        Engine(name, replica, backend)
        for name, backend in models.items()
        for replica in range(backend.replicas)
    ]


def describe(models: Mapping[str | None, Backend]) -> str:
    """Return the names of models for people, with the number of replicas if several."""
    names = [
        f"{backend.recorded_name} ({backend.replicas} replicas)"
        if backend.replicas > 1
        else backend.recorded_name
        for backend in models.values()
    ]
    return f"the model{'s' if len(names) > 1 else ''} {', '.join(names)}"


class EnginePool:
    """The supervisors of all engines. Each restarts its own engine; their reports are merged."""

    def __init__(
        self,
        engines: Sequence[Engine],
        supervisors: Sequence[SampledEngine],
        least: Mapping[str | None, int] | None = None,
    ) -> None:
        """Take engines and their supervisors; `least` says how many each model needs, by name.

        By default each model needs all.
        """
        self.engines = engines
        self.supervisors = supervisors
        counts = Counter(engine.name for engine in engines)
        self.spare = {
            name: count - min(count, (least or counts)[name]) for name, count in counts.items()
        }
        """How many engines of each model may be given up."""

    @classmethod
    def of(cls, pools: Sequence["EnginePool"]) -> Self:
        """Return a view of all engines of some pools, which go on to supervise them."""
        view = cls(
            [engine for pool in pools for engine in pool.engines],
            [supervisor for pool in pools for supervisor in pool.supervisors],
        )
        view.spare = {name: spare for pool in pools for name, spare in pool.spare.items()}
        return view

    def begin(self) -> None:
        """Start all engines concurrently, without waiting for them."""
        for supervisor in self.supervisors:
            supervisor.begin()

    async def up(self) -> None:
        """Return once all engines are up that start.

        Raises RunError if one does not start that is needed.
        """
        for up in asyncio.as_completed([supervisor.up() for supervisor in self.supervisors]):
            with suppress(RunError):  # it is the failure of its supervisor
                await up
            if self.failure is not None:
                raise self.failure

    async def stop(self) -> None:
        """Stop supervising and close the engines that are up."""
        await asyncio.gather(*(supervisor.stop() for supervisor in self.supervisors))
        await asyncio.gather(*(supervisor.close() for supervisor in self.supervisors))

    @property
    def failure(self) -> RunError | None:
        """Why an engine that is needed is not restarted any more."""
        left = dict(self.spare)
        for engine, supervisor in zip(self.engines, self.supervisors, strict=True):
            if supervisor.failure is not None:
                left[engine.name] -= 1
                if left[engine.name] < 0:
                    return supervisor.failure
        return None

    def states(self) -> list[tuple[str, str, int]]:
        """Return name, state and restarts of each engine."""
        return [
            (engine.label, one.state, len(one.incidents))
            for engine, one in zip(self.engines, self.supervisors, strict=True)
        ]

    def with_statistics(self, update: Progress | Finish) -> Progress | Finish:
        """Add restarts and the newest statistics to an update; request the next statistics."""
        if isinstance(update, Finish):
            return update._replace(progress=self._merged(update.progress))
        return self.refreshed(update)

    def refreshed(self, progress: Progress) -> Progress:
        """Add restarts and the newest statistics to a report; request the next statistics."""
        for supervisor in self.supervisors:
            supervisor.sample()
        return self._merged(progress)

    async def last_sample(self) -> None:
        """Fetch the statistics once more, at the end."""
        await asyncio.gather(*(supervisor.last_sample() for supervisor in self.supervisors))

    def _merged(self, progress: Progress) -> Progress:
        supervisors = self.supervisors
        causes = [incident.cause for one in supervisors for incident in one.incidents]
        states = [
            EngineState(
                engine.label, engine.backend.recorded_name, one.statistics, len(one.incidents)
            )
            for engine, one in zip(self.engines, supervisors, strict=True)
        ]
        return with_engines(progress._replace(incidents=tuple(causes)), states)
