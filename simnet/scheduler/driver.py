"""One performance of a scenario: the population is recorded, then time passes."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import islice
from time import perf_counter

from simnet.kernel.kernel import Kernel
from simnet.recording.row_types import PersonaRow
from simnet.recording.schema import encode
from simnet.recording.writing.column_encoding import encode_edges
from simnet.scenario.scenario import Scenario
from simnet.scheduler.budget import UNLIMITED, Budget
from simnet.scheduler.continuation import Continuation
from simnet.scheduler.disk_retry import DiskRetry, RetryingRecord
from simnet.scheduler.messages import Finish, Progress
from simnet.scheduler.scheduler import AgentPool, Record, Scheduler

ROWS_PER_BATCH = 65_536


@dataclass
class Phases:
    """Wall seconds of the parts of a run, in the order in which they end."""

    seconds: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=perf_counter)

    def end(self, name: str) -> None:
        """Note that a phase ended now."""
        now = perf_counter()
        self.seconds[name] = now - self._last
        self._last = now


class Driver:
    """Runs a kernel and tells how it goes, wherever its minds and its record are."""

    def __init__(
        self,
        scenario: Scenario,
        minds: AgentPool,
        record: Record,
        continuation: Continuation | None = None,
        budget: Budget = UNLIMITED,
    ) -> None:
        self._scenario = scenario
        self._patience = DiskRetry(self._paused)
        self._record = record = RetryingRecord(record, self._patience)
        self._news: asyncio.Queue[Progress | Finish | BaseException] = asyncio.Queue()
        self._kernel = Kernel(scenario, continuation.changes if continuation else ())
        since = continuation.since if continuation else 0.0
        self._scheduler = Scheduler(
            *(self._kernel, minds, record, self._news.put_nowait), since=since, budget=budget
        )

    def stop(self) -> None:
        """Begin nothing more: wait for what is being thought, record it and finish."""
        self._patience.give_up()
        self._scheduler.stop()

    def _paused(self, why: str | None) -> None:
        self._news.put_nowait(self._scheduler.progress()._replace(paused=why))

    async def run(self) -> AsyncIterator[Progress | Finish]:
        """Run to the end; yield progress, and how it ended as the last thing."""
        running = asyncio.create_task(self._run())
        try:
            while True:
                news = await self._news.get()
                if isinstance(news, BaseException):
                    raise news
                yield news
                if isinstance(news, Finish):
                    return
        finally:
            running.cancel()

    async def _run(self) -> None:
        try:
            await self._introduce()
            self._news.put_nowait(await self._scheduler.run())
        except BaseExceptionGroup as failures:
            self._news.put_nowait(_first(failures))
        except Exception as error:  # noqa: BLE001  (raised by `run`, which is waiting for it)
            self._news.put_nowait(error)

    async def _introduce(self) -> None:
        """Record who takes part and who follows whom."""
        rows = _persona_rows(self._scenario)
        while some := list(islice(rows, ROWS_PER_BATCH)):
            await self._record.write([("personas", encode("personas", some))])
        world = self._kernel.world
        edges = encode_edges(world.handles, *world.network.edge_arrays(), ROWS_PER_BATCH)
        for batch in edges:
            await self._record.write([("network", batch)])


def _persona_rows(scenario: Scenario) -> Iterator[PersonaRow]:
    everybody = ((cohort.name, one) for cohort in scenario.cohorts for one in cohort.personas)
    for position, (cohort, persona) in enumerate(everybody):
        attributes = json.dumps(persona.attributes, ensure_ascii=False)
        yield PersonaRow(
            *(persona.id, cohort, persona.description, attributes),
            *(persona.portrait(), None, position),
        )


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """Find the first thing that went wrong in a group."""
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
