"""Drives one kernel: sends views to agents, delivers their decisions, sends rows to the record.

All of these are sent in batches. A batch of views is sent when it is long enough or when the
kernel cannot advance without a decision, so a slow model gets its prompts at once and a fast
one gets them by the hundred.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from math import inf

from simnet.errors import ActorDiedError, RunError, UserCodeError
from simnet.kernel.kernel import Kernel
from simnet.kernel.status import ENDS, Status
from simnet.scheduler.batching.batch_size import batch_limit
from simnet.scheduler.batching.short_batch import ShortBatch
from simnet.scheduler.budget import UNLIMITED, Budget
from simnet.scheduler.failures.code_errors import CodeErrors
from simnet.scheduler.failures.failure_limit import FailureLimit
from simnet.scheduler.partners import AgentPool, Record
from simnet.scheduler.prefetch.prefetch_settings import NO_PREFETCH, Prefetch
from simnet.scheduler.prefetch.prefetcher import prefetcher_of
from simnet.scheduler.progress.load import LoadMeter
from simnet.scheduler.progress.messages import Answer, Finish, Progress, Usage
from simnet.scheduler.progress.report_news import ReportNews
from simnet.scheduler.rows.row_buffer import RowBuffer
from simnet.scheduler.rows.row_writer import RowWriter
from simnet.world.decision import Decision
from simnet.world.state.posts import View


class Scheduler:
    """Drives one kernel to its end."""

    def __init__(
        self,
        kernel: Kernel,
        agent_pool: AgentPool,
        record: Record,
        report: Callable[[Progress], None] | None = None,
        *,
        budget: Budget = UNLIMITED,
        fails_turns: bool = False,
        clock: Callable[[], float] = time.perf_counter,
        prefetch: Prefetch = NO_PREFETCH,
    ) -> None:
        """Take the kernel, the agents, the record and the function that gets progress.

        The scheduler stops when the tokens or calls of `budget` are spent, when too many calls
        fail, and when code of the user fails, unless `fails_turns`: then only its turn fails.
        `clock` returns seconds and has to run as fast as the clock of the event loop does.
        With a `prefetch` that is on, the agents have to be an `EarlyAgentPool`.
        """
        self._kernel = kernel
        self._agent_pool = agent_pool
        self._report = report
        self._clock = clock
        self._budget = budget
        self._code_errors = CodeErrors(fails_turns=fails_turns)
        self._decided = asyncio.Event()
        self._turns: set[asyncio.Task[None]] = set()
        """One task for each batch of views that was sent to a host."""
        self._rows = RowBuffer()
        self._writer = RowWriter(self._rows, record, clock)
        self._load = LoadMeter()
        self._failures = FailureLimit()
        self._fault: RunError | UserCodeError | None = None
        """Why the run cannot go on."""
        self._usage = Usage()
        self.recalled = 0
        """How many recorded replies the turns used."""
        self._in_flight = self._sends = 0
        self._stop = False
        self._started_at = 0.0
        self._batch = ShortBatch(clock)
        self._pauses_at = inf  # simulated time that the kernel does not pass before `_paused`
        self._first_reply: float | None = None
        self._news = ReportNews()
        self._ahead = prefetcher_of(prefetch, kernel, agent_pool, clock, self._came_early)

    def stop(self) -> None:
        """Start no more turns; `run` waits for those in flight, records them and returns."""
        self._stop = True
        self._decided.set()

    def abandon(self) -> None:
        """End what goes on beside `run`, when that was cancelled or has raised."""
        self._ahead.cancel()

    async def run(self) -> Finish:
        """Run to the end or until `stop`; raises what the record raises.

        Raises RunError when the model is gone or too many calls fail, and UserCodeError when a
        function of the model fails. The rows until the failed calls at its end are recorded, so a
        resume asks these again. Raises UserCodeError of other code once all else is recorded.
        """
        self._started_at = self._clock()
        self._writer.begin()
        status = Status.FULL
        async with asyncio.TaskGroup() as self._tasks:
            while not self._stop:
                self._decided.clear()
                limit = batch_limit(self._calls_out, self._budget, self._usage)
                if limit < 1:
                    await self._wait()
                    continue
                status = self._advance(limit, status)
                if status is Status.WAITING and await self._hold_back():
                    continue
                self._send(self._take_views())
                self._take_rows()
                await self._writer.write(self._tasks)
                if status in ENDS:
                    status = await self._paused(status)
                if status in {Status.DONE, Status.STOPPED}:
                    self._judge(at_end=True)
                    break
                if self._stop:
                    break  # there may be no decision left to wait for
                if status is Status.WAITING:
                    self._look_ahead()
                    await self._wait()
                else:
                    await asyncio.sleep(0)  # lets the tasks that send views start
            await self._finish_turns()
            rest = await self._ahead.end()  # may add to the usage meanwhile
            self._usage = self._usage.plus(rest)
            if self._fault is not None:
                self._rows.discard()
            self._rows.release()
            await self._writer.write(self._tasks, everything=True)
        self._code_errors.raise_first(self._kernel.settled)
        if self._fault is not None:
            raise self._fault
        status = Status.PAUSED if self._code_errors.left else status
        return Finish(status is not Status.DONE, self.progress(), self._kernel.world.digest())

    def _advance(self, most_views: int, status: Status) -> Status:
        """Let the kernel go on; returns `status` if code of the user failed in it."""
        self._load.goes_on(self._clock())
        with self._code_errors.kept():
            status = self._kernel.advance(most_views, self._pauses_at)
        if status is Status.WAITING:
            self._load.stalls(self._clock())
        self._stop = self._stop or self._code_errors.stops
        return status

    async def _hold_back(self) -> bool:
        """Hold a short batch of views back while others are in flight; True if a decision came."""
        return bool(self._in_flight and self._kernel.views) and await self._batch.hold(
            self._decided
        )

    async def _wait(self) -> None:
        """Wait for a decision; if there are rows to write, only until they have to be written."""
        if not self._rows:
            await self._decided.wait()
            return
        try:
            async with asyncio.timeout(self._writer.due_in()):
                await self._decided.wait()
        except TimeoutError:
            await self._writer.write(self._tasks)

    async def _paused(self, status: Status) -> Status:
        """Do what is due when the kernel can advance no further; DONE is the end of the run."""
        return status

    # -- views out, decisions in ------------------------------------------------------

    def _take_views(self) -> list[View]:
        views, self._kernel.views = self._kernel.views, []
        return views

    def _send(self, views: Sequence[View]) -> None:
        self._ahead.sends(views)
        self._count_in_flight(len(views))
        self._batch.sent()
        batches: dict[int, list[View]] = {}
        for view in views:
            batches.setdefault(self._agent_pool.host_of(view.who), []).append(view)
        self._sends += len(batches)
        for host, batch in batches.items():
            task = self._tasks.create_task(self._think(host, batch))
            self._turns.add(task)
            task.add_done_callback(self._turns.discard)

    def _count_in_flight(self, more: int) -> None:
        self._in_flight += more
        self._load.turns(self._calls_out, self._clock())

    @property
    def _calls_out(self) -> int:
        return self._in_flight + self._ahead.under_way

    def _look_ahead(self) -> None:
        left = self._budget.calls_left(self._usage) - self._calls_out
        self._ahead.look(self._pauses_at, left)
        self._count_in_flight(0)

    def _came_early(self, usage: Usage) -> None:
        self._usage = self._usage.plus(usage)
        self._stop = self._stop or self._budget.spent(self._usage) is not None
        self._count_in_flight(0)
        self._decided.set()

    async def _think(self, host: int, views: Sequence[View]) -> None:
        if self._fault is not None:
            return
        try:
            await self._take_answers(host, views)
        except ActorDiedError:
            raise  # rows cannot be sent any more
        except (RunError, UserCodeError) as error:  # the latter of a model's function
            self._fail(error)

    async def _take_answers(self, host: int, views: Sequence[View]) -> None:
        async for answer in self._agent_pool.think(host, views):
            if answer.calls:
                self._count_failures(answer)
                self._rows.add_calls(answer.calls)
                self._judge()
            self._usage = self._usage.plus(answer.usage)
            self._ahead.decided(answer)
            self.recalled += answer.recalled
            decisions = self._code_errors.without_undone(answer.decisions)
            spent = self._budget.spent(self._usage) is not None
            self._stop = self._stop or spent or self._code_errors.stops
            self._deliver(decisions)
            self._count_in_flight(-len(answer.decisions))
            if self._first_reply is None and answer.usage.calls:
                self._first_reply = self._clock() - self._started_at
            self._decided.set()

    def _deliver(self, decisions: Sequence[Decision]) -> None:
        self._kernel.deliver(decisions)

    async def _finish_turns(self) -> None:
        self._ahead.forget()
        if self._stop and self._report is not None:
            self._report(self.progress())
        while self._turns:
            await asyncio.wait(set(self._turns))

    # -- failed calls -----------------------------------------------------------------

    def _count_failures(self, answer: Answer) -> None:
        """Withhold rows from the first call without a reply on, until there is one again."""
        calls = answer.usage.calls + answer.usage.shared
        self._failures.add(calls, answer.failures)
        if sum(not failure.replied for failure in answer.failures) < calls:
            self._rows.release()
        elif not self._rows.withholds:
            self._take_rows()  # what was done before does not depend on this failure
            self._rows.withhold()

    def _judge(self, *, at_end: bool = False) -> None:
        """Stop the run if too many calls have failed."""
        if self._budget.failures and (why := self._failures.exceeded(at_end=at_end)):
            self._fail(RunError(why))

    def _fail(self, fault: RunError | UserCodeError) -> None:
        """Start no more turns, drop those in flight, and raise `fault` from `run`."""
        self._fault = self._fault or fault
        self.stop()
        for turn in self._turns:
            turn.cancel()

    # -- rows out ---------------------------------------------------------------------

    def _take_rows(self) -> None:
        rows = self._kernel.take_rows()
        if self._report is not None and self._news.add(rows.events, self._clock()):
            self._report(self.progress())
        self._rows.add(rows)

    # -- progress ---------------------------------------------------------------------

    def progress(self) -> Progress:
        """Return how far the run is, with the posts since the last call."""
        return Progress(
            now=self._kernel.now,
            ledger=self._kernel.ledger(),
            usage=self._usage,
            elapsed=self._clock() - self._started_at,
            posted=self._news.take(),
            first_reply=self._first_reply,
            sends=self._sends,
            writes=self._writer.writes,
            failures=self._failures.counts(),
            health=self._kernel.health.progress(),
            load=self._load.load(self._clock()),
            prefetch_problem=self._ahead.problem,
            views_waiting=self._in_flight,
            record_lag=self._writer.lag,
            stopping=self._stop,
        )
