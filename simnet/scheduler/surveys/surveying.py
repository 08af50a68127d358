"""A scheduler that puts surveys: at set times it waits for turns under way, and then for answers.

The kernel knows nothing of surveys. Before the time of a wave it has done all that happens until
then, so whoever is asked answers from what they remember at that moment, in a run, in a resume and
in a replay.
"""

from collections.abc import Callable, Sequence

from simnet.kernel.kernel import Kernel
from simnet.kernel.status import Status
from simnet.scenario.waves import Wave
from simnet.scheduler.batching.batch_size import batch_limit
from simnet.scheduler.budget import UNLIMITED, Budget
from simnet.scheduler.partners import AgentPool, Record
from simnet.scheduler.prefetch.prefetch_settings import NO_PREFETCH, Prefetch
from simnet.scheduler.progress.messages import Progress
from simnet.scheduler.scheduler import Scheduler
from simnet.scheduler.surveys.pending_waves import PendingWaves
from simnet.world.decision import Decision
from simnet.world.state.posts import View


class SurveyingScheduler(Scheduler):
    """Drives one kernel to its end, and puts the waves of the surveys of its scenario."""

    def __init__(
        self,
        waves: Sequence[Wave],
        kernel: Kernel,
        agent_pool: AgentPool,
        record: Record,
        report: Callable[[Progress], None] | None = None,
        *,
        budget: Budget = UNLIMITED,
        fails_turns: bool = False,
        clock: Callable[[], float],
        prefetch: Prefetch = NO_PREFETCH,
    ) -> None:
        """Take the waves, and what a Scheduler takes."""
        super().__init__(
            kernel,
            agent_pool,
            record,
            report,
            budget=budget,
            fails_turns=fails_turns,
            clock=clock,
            prefetch=prefetch,
        )
        self._waves = PendingWaves(waves)
        self._asks = False
        """Whether the turns under way are those of a wave."""
        self._pauses_at = self._waves.next_at

    def _take_views(self) -> list[View]:
        views = super()._take_views()
        self._waves.note(views)
        return views

    def _deliver(self, decisions: Sequence[Decision]) -> None:
        if not self._asks:
            super()._deliver(decisions)

    async def _paused(self, status: Status) -> Status:
        """Put the next wave, to all at once; the run has ended if there is none."""
        if not self._waves:
            return status
        await self._settle()
        if self._stop:
            return Status.PAUSED
        left = self._waves.take(self._kernel.state_of)
        self._asks = True
        while left and not self._stop:
            limit = batch_limit(self._in_flight, self._budget, self._usage)
            if limit > 0:
                self._send(left[:limit])
                left = left[limit:]
            else:
                await self._wait_and_write()
        await self._settle()
        self._asks = False
        self._pauses_at = self._waves.next_at
        return Status.PAUSED

    async def _settle(self) -> None:
        """Wait until no turn is under way; record what comes meanwhile."""
        while self._in_flight and not self._stop:
            await self._wait_and_write()
        await self._finish_turns()

    async def _wait_and_write(self) -> None:
        self._decided.clear()
        await self._wait()
        await self._writer.write(self._tasks)
