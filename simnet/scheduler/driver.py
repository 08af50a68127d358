"""Runs one scenario: records personas and ties, then drives the scheduler, yielding progress."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from time import perf_counter

from simnet.kernel.intervening import NO_CHECKS
from simnet.kernel.kernel import Kernel
from simnet.personas.persona import portrait_of
from simnet.recording.row_types import PersonaRow
from simnet.recording.schema import encode
from simnet.recording.writing.column_encoding import encode_edges
from simnet.scenario.scenario import Scenario
from simnet.scenario.waves import waves_of
from simnet.scheduler.budget import UNLIMITED, Budget
from simnet.scheduler.continuing.continuation import Continuation
from simnet.scheduler.continuing.continued_record import ContinuedRecord
from simnet.scheduler.continuing.recorded_checks import recorded_checks
from simnet.scheduler.failures.code_errors import OnError
from simnet.scheduler.partners import AgentPool, Record
from simnet.scheduler.prefetch.prefetch_settings import NO_PREFETCH, Prefetch
from simnet.scheduler.progress.messages import Finish, Progress
from simnet.scheduler.rows.disk_retry import DiskRetry, RetryingRecord
from simnet.scheduler.scheduler import Scheduler
from simnet.scheduler.surveys.surveying import SurveyingScheduler
from simnet.scheduler.tracing.trace_settings import TraceSettings
from simnet.scheduler.tracing.traced_parts import TracedAgents, TracedKernel
from simnet.scheduler.tracing.turn_trace import TurnTrace

ROWS_PER_BATCH = 65_536


@dataclass
class Phases:
    """Wall seconds of the phases of a run, in the order in which they end."""

    seconds: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=perf_counter)

    def end(self, name: str) -> None:
        """Record that a phase ended now."""
        now = perf_counter()
        self.seconds[name] = now - self._last
        self._last = now


class Driver:
    """Runs a scenario with an agent pool and a record, wherever these are."""

    def __init__(
        self,
        scenario: Scenario,
        agent_pool: AgentPool,
        record: Record,
        continuation: Continuation | None = None,
        budget: Budget = UNLIMITED,
        *,
        on_error: OnError = "stop",
        clock: Callable[[], float] = perf_counter,
        prefetch: Prefetch = NO_PREFETCH,
        trace: TraceSettings | None = None,
    ) -> None:
        """Take what to run; `clock` and `prefetch` are as in Scheduler.

        `trace` says which turns are traced; None traces none.

        Raises UserCodeError if code of the user fails that says who follows whom or wakes when.
        """
        self._scenario = scenario
        self._disk_retry = DiskRetry(self._report_pause)
        self._record: Record = RetryingRecord(record, self._disk_retry)
        self._continued: ContinuedRecord | None = None
        if continuation is not None:
            self._continued = ContinuedRecord(self._record, continuation.run, continuation.since)
            self._record = self._continued
        self._updates: asyncio.Queue[Progress | Finish | BaseException] = asyncio.Queue()
        fails_turns = on_error == "fail"
        switches = continuation.switches if continuation else ()
        checks = NO_CHECKS
        if continuation is not None:
            scenarios = [scenario, *(switch.scenario for switch in switches)]
            checks = recorded_checks(continuation.run, scenarios)
        make_kernel: Callable[..., Kernel] = Kernel
        self._trace = None if trace is None else TurnTrace(trace)
        if self._trace is not None:
            make_kernel = partial(TracedKernel, self._trace)
            agent_pool = TracedAgents(agent_pool, self._trace)
        self._kernel = make_kernel(
            scenario, switches, fails_turns=fails_turns, checks=checks, watches=True
        )
        waves = waves_of(scenario, switches)
        make = partial(SurveyingScheduler, waves) if waves else Scheduler
        self._scheduler = make(
            self._kernel,
            agent_pool,
            self._record,
            self._updates.put_nowait,
            budget=budget,
            fails_turns=fails_turns,
            clock=clock,
            prefetch=prefetch,
        )

    def stop(self) -> None:
        """Start no more turns; `run` waits for those in flight, records them and ends."""
        self._disk_retry.give_up()
        self._scheduler.stop()

    def _report_pause(self, why: str | None) -> None:
        self._updates.put_nowait(self._scheduler.progress()._replace(paused=why))

    async def run(self) -> AsyncIterator[Progress | Finish]:
        """Run to the end; yield progress, and a Finish as the last item."""
        running = asyncio.create_task(self._run())
        try:
            while True:
                update = await self._updates.get()
                if isinstance(update, BaseException):
                    raise update
                yield update
                if isinstance(update, Finish):
                    return
        finally:
            running.cancel()
            self._scheduler.abandon()

    async def _run(self) -> None:
        try:
            await self._record_population()
            finish = await self._play()
            if self._continued is not None and not finish.stopped:
                self._continued.check_complete(self._scheduler.recalled)
            self._updates.put_nowait(finish)
        except BaseExceptionGroup as failures:
            self._updates.put_nowait(_first(failures))
        except Exception as error:  # noqa: BLE001  (raised by `run`, which is waiting for it)
            self._updates.put_nowait(error)

    async def _play(self) -> Finish:
        try:
            return await self._scheduler.run()
        finally:
            if self._trace is not None:
                await asyncio.to_thread(self._trace.close)

    async def _record_population(self) -> None:
        """Record the personas and the ties between them."""
        rows = _persona_rows(self._scenario)
        while batch := list(islice(rows, ROWS_PER_BATCH)):
            await self._record.write([("personas", encode("personas", batch))])
        world = self._kernel.world
        followers, followees = world.network.edge_arrays()
        for edges in encode_edges(world.handles, followers, followees, ROWS_PER_BATCH):
            await self._record.write([("network", edges)])


def _persona_rows(scenario: Scenario) -> Iterator[PersonaRow]:
    members = ((cohort.name, persona) for cohort in scenario.cohorts for persona in cohort.personas)
    for position, (cohort, persona) in enumerate(members):
        source, original = persona.source, persona.attributes.get("original_id")
        yield PersonaRow(
            id=persona.id,
            cohort=cohort,
            description=persona.description,
            attributes=json.dumps(persona.attributes, ensure_ascii=False),
            portrait=portrait_of(persona, cohort),
            source=(source.file or None) if source else None,
            position=position,
            license=source.licence if source else None,
            revision=source.revision if source else None,
            original_id=original if isinstance(original, str) else None,
        )


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of a group that is not itself a group."""
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
