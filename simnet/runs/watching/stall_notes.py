"""Tells when a run waits long for a reply, and for whose."""

import time
from collections.abc import Callable, Sequence

from simnet.foundation.text import counted
from simnet.runs.plans.demand import NO_MODEL
from simnet.scheduler.progress.messages import Progress

STALLED_SECONDS = 20.0
"""Wall seconds without any reply or settled turn after which that is told; then again after twice
as long."""


class StallNotes:
    """Looks at every report of a run, those that repeat the last one included."""

    def __init__(
        self,
        report: Callable[[str], None],
        models: Sequence[str],
        clock: Callable[[], float] = time.monotonic,
        people: Sequence[str] = (),
    ) -> None:
        """Take where lines are told, the names of the run's models, and whom people may take."""
        self._report = report
        self._models = [name for name in models if name != NO_MODEL]
        self._people = f"a person for {', '.join(f'@{one}' for one in people)}" if people else ""
        self._clock = clock
        self._reached: tuple[int, ...] = ()
        """Replies and settled turns at the last look that found new ones."""
        self._since = clock()
        self._due = STALLED_SECONDS
        """After how many seconds that is told next."""

    def see(self, progress: Progress) -> None:
        """Tell if nothing has come for long, and once something comes again."""
        now = self._clock()
        ledger = progress.ledger
        settled = ledger.done + ledger.refused.total() + ledger.failed.total()
        reached = (progress.usage.calls, settled, round(progress.now))
        if reached != self._reached:
            if self._due > STALLED_SECONDS:
                self._report(f"replies come again, after {now - self._since:.0f} s")
            self._reached, self._since, self._due = reached, now, STALLED_SECONDS
            return
        if progress.paused is not None:
            self._since = now
        elif now - self._since >= self._due:
            self._due *= 2
            self._report(f"no reply for {now - self._since:.0f} s {self._whom(progress)}")

    def _whom(self, progress: Progress) -> str:
        """Say from which engines or people replies are awaited, or why prompts wait."""
        code = "code of the scenario"
        slow = " or ".join(filter(None, [code, self._people]))
        statistics = progress.statistics
        waits = "; ".join(wait.describe() for wait in statistics.waits) if statistics else ""
        idle = f"and no call is in flight: {waits or f'{slow} takes long'}"
        if progress.engines:
            busy = {
                one.engine: one.statistics.in_flight + one.statistics.waiting
                for one in progress.engines
                if one.statistics is not None
            }
            named = [f"{name} ({counted(calls, 'call')})" for name, calls in busy.items() if calls]
            if named:
                return f"from the engines {', '.join(named)}"
            if busy:
                return idle
        names = ", ".join(self._models)
        if statistics is None:
            return f"from {' or '.join(filter(None, [names, self._people])) or code}"
        if (calls := statistics.in_flight + statistics.waiting) == 0:
            return idle
        return f"from {names} ({counted(calls, 'call')} in flight)"
