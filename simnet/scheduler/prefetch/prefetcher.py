"""Has calls made early while the kernel waits, as far as models have nothing else to do.

Nothing here decides what a run does: early turns are played on copies, and only a request that is
exactly equal is served by an early completion. What is done early follows what the kernel knows
and how fast replies come, so it differs from run to run.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeAlias, cast

from simnet.agents.prefetch.early_turns import EarlyView
from simnet.clock import Seconds
from simnet.errors import ActorDiedError, RunError, reason
from simnet.kernel.kernel import Kernel
from simnet.kernel.scratch_kernel import ScratchKernel
from simnet.scheduler.partners import AgentPool, EarlyAgentPool
from simnet.scheduler.prefetch.depth import LOOKAHEADS, Depth
from simnet.scheduler.prefetch.early_book import Early, EarlyBook
from simnet.scheduler.prefetch.glance import look_ahead
from simnet.scheduler.prefetch.prefetch_settings import Prefetch
from simnet.scheduler.prefetch.renumbering import alike, renumbered
from simnet.scheduler.progress.messages import Answer, EarlyAnswer, Usage
from simnet.world.decision import Decision
from simnet.world.state.posts import View

_Work: TypeAlias = Callable[..., Coroutine[Any, Any, None]]
PAUSES = 4.0
"""After a look that took some seconds there is none for this many times as long."""
LAST_ANSWERS = 2.0
"""Wall seconds in which the answers of aborted early turns have to come."""


class NoPrefetcher:
    """Makes no call early."""

    under_way = 0
    problem: str | None = None

    def sends(self, views: Iterable[View]) -> None:
        """Note real turns that begin."""

    def decided(self, answer: Answer) -> None:
        """Note decisions of real turns."""

    def look(self, until: Seconds, budget: float) -> None:
        """Look ahead: not at all."""

    def forget(self) -> None:
        """Abort early turns: there are none."""

    async def end(self) -> Usage:
        """Return that nothing was spent."""
        return Usage()

    def cancel(self) -> None:
        """End at once."""


class Prefetcher:
    """Looks ahead of one kernel and keeps its early turns."""

    def __init__(
        self,
        settings: Prefetch,
        kernel: Kernel,
        agent_pool: EarlyAgentPool,
        clock: Callable[[], float],
        came: Callable[[Usage], None],
    ) -> None:
        """Take the kernel, the agents and a clock in seconds.

        `came` is called whenever an early turn has ended, with what early calls cost since.
        """
        self._settings, self._kernel, self._agent_pool = settings, kernel, agent_pool
        self._clock, self._came = clock, came
        self._book = EarlyBook(settings, kernel)
        self._tasks: set[asyncio.Task[None]] = set()
        self._hosts: set[int] = set()
        self._unanswered = 0
        self._depth = Depth()
        self._next_look = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self.problem: str | None = None
        """The first error of user code in an early turn, or why there is no look ahead."""
        self._off = False

    @property
    def under_way(self) -> int:
        """How many early turns have not been answered, those included that are being aborted."""
        return self._unanswered

    def sends(self, views: Iterable[View]) -> None:
        """Note real turns that begin; early ones give way to them."""
        for view in views:
            self._book.begins(view)
        if self._book.under_way:
            self._forget(self._book.excess())

    def decided(self, answer: Answer) -> None:
        """Note decisions of real turns, and what they cost."""
        for decision in answer.decisions:
            self._book.ends(decision)
        self._note(answer.usage)

    def _note(self, usage: Usage) -> None:
        self._depth.note(usage.calls, usage.early, usage.early_hits, self._book.waiting)

    def forget(self) -> None:
        """Abort the early turns whose real ones have not begun."""
        self._forget(self._book.all())

    def _forget(self, unwanted: Sequence[Early]) -> None:
        by_host: dict[int, list[int]] = {}
        for early in unwanted:
            self._book.drop(early.view.who)
            by_host.setdefault(early.host, []).append(early.ticket)
        for host, tickets in by_host.items():
            self._start(self._agent_pool.forget, host, tickets)

    # -- looks ahead ----------------------------------------------------------------------

    def look(self, until: Seconds, budget: float) -> None:
        """Look ahead, unless models are busy or a look was just made; the kernel waits meanwhile.

        `until` is a simulated time beyond which nothing is foreseeable. `budget` is how many more
        calls may be made.
        """
        room = self._book.rooms()
        if self._off or budget < 1 or self._depth.unknown < 1:
            return
        if max(room.values(), default=0) < 1:
            return
        now = self._clock()
        if now < self._next_look:
            self._look_later(self._next_look - now)
            return
        try:
            scratch = ScratchKernel.of(self._kernel, forgets=self._settings.mode == "view")
            found = self._glance(scratch, until, room, budget)
        except (Exception, SystemExit) as error:  # noqa: BLE001  (what a verb keeps may not be copied)
            self._off, self.problem = True, f"the world cannot be looked ahead of: {reason(error)}"
            return
        self._ask(found)
        self._next_look = self._clock() + PAUSES * (self._clock() - now)

    def _look_later(self, seconds: float) -> None:
        if self._alarm is None:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(seconds, self._wake)

    def _wake(self) -> None:
        self._alarm = None
        self._came(Usage())

    def _glance(
        self, scratch: ScratchKernel, until: Seconds, room: dict[str | None, int], budget: float
    ) -> list[View]:
        """Find the likely views that are not played early yet; forget early turns that are not."""
        left, found = budget, list[View]()

        def wanted(view: View, doubt: float) -> bool:
            nonlocal left
            early = self._book.get(view)
            if doubt > self._depth.unknown or (early is not None and alike(early.view, view)):
                return True
            if left < 1:
                return False
            if early is None or not early.under_way:
                model = self._book.model_of(view)
                if model in room:
                    if room[model] < 1:
                        return any(one > 0 for one in room.values())
                    room[model] -= 1
            left -= 1  # one that is replaced was made too
            found.append(view)
            return True

        lookahead = max(cohort.reacts_in for cohort in self._kernel.scenario.cohorts)
        start = scratch.next_at or self._kernel.now
        until = min(until, start + LOOKAHEADS * lookahead)
        glance = look_ahead(scratch, self._decision_on, wanted, until, self._depth.unknown)
        self._forget(self._book.unlikely(glance.views, glance.reached))
        return found

    def _decision_on(self, view: View) -> Decision | None:
        """Return the decision of an early turn, if it was played on this view."""
        early = self._book.get(view)
        if self._settings.mode == "view" or early is None or early.decision is None:
            return None
        if not alike(early.view, view):
            return None
        return renumbered(early.decision, early.view, view)

    def _ask(self, views: Sequence[View]) -> None:
        by_host: dict[int, list[EarlyView]] = {}
        for view in views:
            early = self._book.open(view, self._agent_pool.host_of(view.who))
            by_host.setdefault(early.host, []).append(EarlyView(early.ticket, view))
        self._hosts |= by_host.keys()
        self._unanswered += len(views)
        for host, batch in by_host.items():
            self._start(self._play, host, batch)

    async def _play(self, host: int, views: Sequence[EarlyView]) -> None:
        whose = {one.ticket: one.view.who for one in views}
        try:
            async for answer in self._agent_pool.look_ahead(host, views):
                self._take(answer, whose)
        finally:
            if whose:  # the answers broke off
                self._unanswered -= len(whose)
                for ticket, who in whose.items():
                    self._book.ended(who, ticket, None)
                self._came(Usage())

    def _take(self, answer: EarlyAnswer, whose: dict[int, str]) -> None:
        for ended in answer.decisions:
            who = whose.pop(ended.ticket)
            self._unanswered -= 1
            self._book.ended(who, ended.ticket, ended.decision, ended.calls)
            self.problem = self.problem or ended.problem
        self._note(answer.usage)
        self._came(answer.usage)

    # -- tasks ----------------------------------------------------------------------------

    def _start(self, work: _Work, *arguments: Any) -> None:
        task = asyncio.get_running_loop().create_task(self._guarded(work, *arguments))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: _Work, *arguments: Any) -> None:
        try:
            await work(*arguments)
        except ActorDiedError:
            self._off = True  # real turns find it too, and say so
        except Exception as error:  # noqa: BLE001  (nothing that is done early ends a run)
            self.problem = self.problem or reason(error)

    async def end(self) -> Usage:
        """Abort all early turns; return what early calls cost since the last answers.

        What answers under way tell of costs is passed on too.
        """
        self._off = True
        usage = Usage()
        for host in sorted(self._hosts):
            try:
                usage = usage.plus(await self._agent_pool.end_ahead(host))
            except RunError as error:
                self.problem = self.problem or str(error)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LAST_ANSWERS)
        self.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return usage

    def cancel(self) -> None:
        """Look ahead no more, and wait for no early turn."""
        self._off = True
        if self._alarm is not None:
            self._alarm.cancel()
        for task in self._tasks:
            task.cancel()


def prefetcher_of(
    settings: Prefetch,
    kernel: Kernel,
    agent_pool: AgentPool,
    clock: Callable[[], float],
    came: Callable[[Usage], None],
) -> Prefetcher | NoPrefetcher:
    """Make what looks ahead of a kernel, if the settings say so."""
    if not settings.on:
        return NoPrefetcher()
    return Prefetcher(settings, kernel, cast("EarlyAgentPool", agent_pool), clock, came)
