"""Tells and records what a run learns about its models while it goes on."""

import time
from collections.abc import Callable, Mapping

from simnet.foundation.text import without_numbers
from simnet.inference.calls.deadline import LATE
from simnet.inference.calls.statistics import Statistics
from simnet.recording.writing.run_directory import RunDirectory
from simnet.runtime.models import DEFAULT
from simnet.scheduler.progress.messages import Progress

QUIET_SECONDS = 3.0
"""Wall seconds without any reply after which a run counts as waiting."""
REMIND_SECONDS, REMIND_SHARE = 60.0, 0.25
"""Wall seconds after which the reason of a wait is told again, or this share of what is left."""
FEWEST_MISSED = 3
"""Missed deadlines that are told, if most calls miss theirs."""


class ModelNotes:
    """Looks at every progress report of a run."""

    def __init__(
        self,
        report: Callable[[str], None],
        directory: RunDirectory,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take where lines are told, and the run directory whose manifest gets the facts."""
        self._report = report
        self._directory = directory
        self._clock = clock
        self._left_out: dict[str, tuple[str, ...]] = {}
        self._missed = FEWEST_MISSED
        """Number of missed deadlines from which on they are told."""
        self._replies = -1
        self._answered_at = clock()
        self._fault: str | None = None
        """Why a measure of the texts is not taken, as it was told."""
        self._told: tuple[str, float] | None = None
        """The reason of the wait that was told last, and when."""

    def see(self, progress: Progress) -> None:
        """Tell and record what is new in a report."""
        self._see_wait(progress)
        self._see_deadlines(progress)
        if progress.health.fault is not None and self._fault is None:
            self._fault = progress.health.fault
            self._report(self._fault)
        for name, statistics in _by_model(progress).items():
            if statistics.left_out and statistics.left_out != self._left_out.get(name):
                self._left_out[name] = statistics.left_out
                self._note_left_out(name, statistics.left_out)

    def _see_wait(self, progress: Progress) -> None:
        now = self._clock()
        waits = progress.statistics.waits if progress.statistics else ()
        replies = progress.usage.calls - sum(count.times for count in progress.failures)
        if replies > self._replies:  # it falls while a failure is counted before its call
            self._replies, self._answered_at = replies, now
            if self._told is not None and not waits:
                self._told = None
                self._report("the endpoint answers again; going on")
        if not waits or now - self._answered_at < QUIET_SECONDS:
            return
        reason = without_numbers(waits[0].reason)
        remind = max(REMIND_SECONDS, REMIND_SHARE * waits[0].seconds)
        if self._told is None or self._told[0] != reason or now - self._told[1] > remind:
            self._told = reason, now
            self._report("; ".join(wait.describe() for wait in waits))

    def _see_deadlines(self, progress: Progress) -> None:
        """Tell when most calls miss their deadline, and again each time they are twice as many."""
        missed = sum(one.times for one in progress.failures if one.reason.startswith(LATE))
        if missed >= self._missed and 2 * missed > progress.usage.calls:
            self._missed = 2 * missed
            self._report(
                f"{missed:,} of {progress.usage.calls:,} calls had no reply in time: allow more "
                "with --deadline SECONDS, take a smaller model or more cores, or send fewer at "
                "once with --engine max_num_seqs=N (an endpoint: --engine in_flight=N)"
            )

    def _note_left_out(self, name: str, left_out: tuple[str, ...]) -> None:
        whose = "" if name == DEFAULT else f" of the model {name}"
        self._report(f"the endpoint{whose} refuses {', '.join(left_out)}: left out from now on")
        manifest = self._directory.manifest
        models = dict(manifest.models)
        if name in models:
            models[name] = models[name].model_copy(update={"left_out": left_out})
            self._directory.update(models=models)
        elif manifest.model is not None:
            self._directory.update(model=manifest.model.model_copy(update={"left_out": left_out}))


def _by_model(progress: Progress) -> Mapping[str, Statistics]:
    """Return statistics by the names that cohorts give models; a single model is the default."""
    if progress.engines:
        return {one.engine: one.statistics for one in progress.engines if one.statistics}
    return {DEFAULT: progress.statistics} if progress.statistics else {}
