"""The kernel's driver: carries views to minds, decisions back, and rows to the record.

Lists travel on every hop. A list of views leaves when it is long enough or when the kernel
can do no more without a decision, so a slow model gets its prompts at once and a fast one
gets them by the hundred.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from simnet.clock import Seconds
from simnet.kernel.kernel import Kernel, Status
from simnet.recording.row_types import Edge
from simnet.recording.schema import encode
from simnet.recording.writing.column_encoding import encode_exposures
from simnet.scheduler.budget import UNLIMITED, Budget
from simnet.scheduler.messages import Answer, Finish, Posted, Progress, Usage
from simnet.world.events import DONE, Event, ExposureBatch
from simnet.world.posts import View

LEAST_PER_CALL, MOST_PER_CALL = 400, 1600
"""Views after which a list leaves: a quarter of those that are out, within these bounds. Long
lists cost less for each view, and four of them keep all processes at work."""
HELD_FOR = 0.02
"""Wall seconds for which a short list of views is held at most."""
ROWS_PER_WRITE = 4096
ROWS_WAIT = 0.1
"""Wall seconds after which rows are written even if they are few."""
VIEWS_IN_FLIGHT = 16_384
"""Views at most that are out and undecided: what hosts and servers have to hold."""
WRITES_IN_FLIGHT = 4
"""Unacknowledged writes at most: a slow disk slows the run and memory does not grow."""
NEWS_EVERY = 0.25
"""Wall seconds between two reports of progress."""
POSTS_PER_REPORT = 32


class AgentPool(Protocol):
    """Whoever thinks about views: hosts in this process or on a cluster."""

    def host_of(self, who: str) -> int:
        """Return the number of the host where this persona lives."""
        ...

    def think(self, host: int, views: Sequence[View]) -> AsyncIterator[Answer]:
        """Send views to one host; yield answers as they are ready, one decision for each view."""
        ...


class Record(Protocol):
    """Whoever keeps rows."""

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Keep batches of (table, rows), in order; returns when they are on disk."""
        ...


class Scheduler:
    """Drives one kernel to its end."""

    def __init__(
        self,
        kernel: Kernel,
        minds: AgentPool,
        record: Record,
        report: Callable[[Progress], None] | None = None,
        *,
        since: Seconds = 0.0,
        budget: Budget = UNLIMITED,
    ) -> None:
        """Take the parts; rows of before `since` are another run's and not recorded.

        Stops by itself once `budget` is spent, less its minutes.
        """
        self._kernel = kernel
        self._minds = minds
        self._record = record
        self._report = report
        self._since = since
        self._budget = budget
        self._arrived = asyncio.Event()
        self._thinking: set[asyncio.Task[None]] = set()
        self._writing: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(WRITES_IN_FLIGHT)
        self._calls: list[bytes] = []
        self._events: list[Event] = []
        self._showings: list[ExposureBatch] = []
        self._ties: list[Edge] = []
        self._usage = Usage()
        self._out = self._sends = self._writes = 0
        self._stop = False
        self._began = self._told = self._wrote = self._held = 0.0
        self._first_reply: float | None = None
        self._posted: list[Posted] = []

    def stop(self) -> None:
        """Begin nothing more: wait for what is being thought, record it and finish."""
        self._stop = True
        self._arrived.set()

    async def run(self) -> Finish:
        """Run to the end, or to where `stop` found it. Raises what a mind or the record raises."""
        self._began = self._wrote = time.perf_counter()
        status = Status.FULL
        async with asyncio.TaskGroup() as self._tasks:
            while not self._stop:
                self._arrived.clear()
                most = self._affordable()
                if most < 1:
                    await self._wait()
                    continue
                status = self._kernel.advance(most)
                if status is Status.WAITING and await self._more_to_come():
                    continue
                self._send(self._take_views())
                self._take_rows()
                await self._keep()
                if status is Status.DONE:
                    break
                if status is Status.WAITING or self._out >= VIEWS_IN_FLIGHT:
                    await self._wait()
                else:
                    await asyncio.sleep(0)  # lets the views just sent leave
            await self._finish_thinking()
            await self._keep(everything=True)
        return Finish(status is not Status.DONE, self.progress(), self._kernel.world.digest())

    async def _more_to_come(self) -> bool:
        """Hold a short list of views a moment if others are out, for decisions to lengthen it.

        Tells whether one came. A model that costs nothing is so sent long lists; to a real one
        the moment is nothing, and no view is held longer than that.
        """
        if not self._out or not self._kernel.views:
            return False
        now = time.perf_counter()
        self._held = self._held or now
        try:
            async with asyncio.timeout(max(0.0, self._held + HELD_FOR - now)):
                await self._arrived.wait()
        except TimeoutError:
            self._held = 0.0
            return False
        return True

    async def _wait(self) -> None:
        """Wait for a decision; if rows are waiting too, only until they have to be written."""
        if not (self._events or self._calls):
            await self._arrived.wait()
            return
        try:
            async with asyncio.timeout(max(0.0, self._wrote + ROWS_WAIT - time.perf_counter())):
                await self._arrived.wait()
        except TimeoutError:
            await self._keep()

    def _affordable(self) -> int:
        """Tell how long the next list of views may get; the budget has calls for all of them."""
        most = min(MOST_PER_CALL, max(LEAST_PER_CALL, self._out // 4))
        if self._budget == UNLIMITED:
            return most
        left = self._budget.calls_left(self._usage) - self._out
        return int(min(most, left if self._out else max(left, 1)))

    # -- views out, decisions in ------------------------------------------------------

    def _take_views(self) -> list[View]:
        views, self._kernel.views = self._kernel.views, []
        return views

    def _send(self, views: Sequence[View]) -> None:
        self._out += len(views)
        self._held = 0.0
        batches: dict[int, list[View]] = {}
        for view in views:
            batches.setdefault(self._minds.host_of(view.who), []).append(view)
        self._sends += len(batches)
        for host, batch in batches.items():
            task = self._tasks.create_task(self._think(host, batch))
            self._thinking.add(task)
            task.add_done_callback(self._thinking.discard)

    async def _think(self, host: int, views: Sequence[View]) -> None:
        async for answer in self._minds.think(host, views):
            if answer.calls:
                self._calls.append(answer.calls)
            self._usage = self._usage.plus(answer.usage)
            self._stop = self._stop or self._budget.spent(self._usage) is not None
            self._kernel.deliver(answer.decisions)
            self._out -= len(answer.decisions)
            if self._first_reply is None and answer.usage.calls:
                self._first_reply = time.perf_counter() - self._began
            self._arrived.set()

    async def _finish_thinking(self) -> None:
        while self._thinking:
            await asyncio.wait(set(self._thinking))

    # -- rows out ---------------------------------------------------------------------

    def _take_rows(self) -> None:
        events, exposure_batches, ties = self._kernel.take_rows()
        if self._report is not None:
            self._note(events)
        self._events += [one for one in events if one.at >= self._since]
        self._showings += [one for one in exposure_batches if one.at >= self._since]
        self._ties += ties

    async def _keep(self, *, everything: bool = False) -> None:
        """Send rows to the record once there are enough, calls before what depends on them."""
        now = time.perf_counter()
        late = now - self._wrote >= ROWS_WAIT
        if not (everything or late or len(self._events) >= ROWS_PER_WRITE):
            return
        batches = [("calls", calls) for calls in self._calls]
        if self._showings:
            batches.append(("exposures", encode_exposures(self._showings)))
        if self._events:
            batches.append(("events", encode("events", self._events)))
        if self._ties:
            batches.append(("network", encode("network", self._ties)))
        self._calls, self._showings, self._events, self._ties = [], [], [], []
        self._wrote = now
        if batches:
            self._writes += 1
            await self._room.acquire()
            task = self._tasks.create_task(self._write(batches))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)

    async def _write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        try:
            await self._record.write(batches)
        finally:
            self._room.release()

    # -- news -------------------------------------------------------------------------

    def _note(self, events: Sequence[Event]) -> None:
        assert self._report is not None
        self._posted += [
            Posted(e.at, e.who, e.cohort, e.text or "", e.whom, e.marks)
            for e in events[-POSTS_PER_REPORT:]
            if e.made is not None and e.outcome == DONE
        ]
        del self._posted[:-POSTS_PER_REPORT]
        if time.perf_counter() - self._told >= NEWS_EVERY:
            self._told = time.perf_counter()
            self._report(self.progress())

    def progress(self) -> Progress:
        """Tell how far the run is."""
        posted, self._posted = tuple(self._posted), []
        return Progress(
            self._kernel.now,
            self._kernel.ledger(),
            self._usage,
            time.perf_counter() - self._began,
            posted,
            self._first_reply,
            self._sends,
            self._writes,
        )
