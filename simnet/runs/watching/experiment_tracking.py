"""Shows a run in an experiment tracker: what was run, its figures over time, and how it ended.

A tracker has a thread of its own, so it slows no run, and an error of it is told once and ends
the tracking alone. What it shows is in the record too.
"""

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from simnet.errors import reason
from simnet.inference.backend import Backend
from simnet.runs.plans.plan import RunPlan
from simnet.runs.watching.trackers import Tracker
from simnet.runtime.base import Reporter
from simnet.scenario.scenario import Scenario
from simnet.scheduler.continuing.continuation import last_scenario
from simnet.scheduler.figures.run_figures import figures_of
from simnet.scheduler.progress.messages import Progress

LOG_SECONDS = 5.0
"""Shortest time, in wall seconds, between two points of a figure."""
END_SECONDS = 60.0
"""Wall seconds that a tracker has to take the rest when a run has ended.

A tracker that is new to its machine makes its database first, which takes some of them.
"""
_TOLD_SECONDS = 2.0
"""Wall seconds after which a wait for the tracker is told."""
_MOST_WAITING = 100
"""Points that wait for a slow tracker; further ones are left out."""


_Work: TypeAlias = Callable[[Tracker], None]


class TrackedRun:
    """A Reporter that passes all on to another and shows the run in a tracker."""

    def __init__(
        self,
        reporter: Reporter,
        plan: RunPlan,
        make: Callable[[], Tracker],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reporter = reporter
        self._plan = plan
        self._make = make
        self._clock = clock
        self._due = 0.0
        self._last: Progress | None = None
        self._fault: BaseException | None = None
        self._told = False
        self._work: queue.Queue[_Work | None] = queue.Queue()
        self._thread = threading.Thread(target=self._track, name="simnet-tracker", daemon=True)

    def begun(self, folder: Path) -> None:
        """Begin to track."""
        self._reporter.begun(folder)
        scenario = last_scenario(self._plan.scenario, self._plan.continuation)
        facts = _facts(self._plan, scenario)
        self._thread.start()
        self._put(lambda tracker: tracker.begin(folder.name, scenario.name, facts))

    def phase(self, text: str) -> None:
        """Pass on."""
        self._reporter.phase(text)
        self._tell()

    def progress(self, progress: Progress) -> None:
        """Pass on, and add points at intervals."""
        self._reporter.progress(progress)
        self._tell()
        self._last = progress
        if self._clock() >= self._due and self._work.qsize() < _MOST_WAITING:
            self._due = self._clock() + LOG_SECONDS
            self._log(progress)

    def ended(self, state: str) -> None:
        """Add the last points and show how the run ended; waits a while for the tracker."""
        if not self._thread.is_alive():
            self._tell()
            return
        if self._last is not None:
            self._log(self._last)
        plain = str(state)  # of an enumeration, trackers may take the name
        self._put(lambda tracker: tracker.end(plain))
        self._work.put(None)
        self._thread.join(min(_TOLD_SECONDS, END_SECONDS))
        if self._thread.is_alive():
            self._reporter.phase(f"waiting up to {END_SECONDS:g} s for the tracker ({self._name})")
            self._thread.join(END_SECONDS)
        if self._thread.is_alive():
            self._reporter.phase(f"the tracker takes too long; not waiting for it ({self._name})")
        self._tell()

    @property
    def _name(self) -> str:
        return self._plan.track or "tracker"

    def _log(self, progress: Progress) -> None:
        figures, elapsed = dict(figures_of(progress)), progress.elapsed
        self._put(lambda tracker: tracker.log(figures, elapsed))

    def _put(self, work: _Work) -> None:
        self._work.put(work)

    def _track(self) -> None:
        try:
            tracker = self._make()
            while (work := self._work.get()) is not None:
                work(tracker)
        except BaseException as error:  # noqa: BLE001  (whatever it is, the run goes on)
            self._fault = error

    def _tell(self) -> None:
        if self._fault is not None and not self._told:
            self._told = True
            self._reporter.phase(
                f"{self._name} fails, so the run is not tracked any more: {reason(self._fault)}"
            )


def _facts(plan: RunPlan, scenario: Scenario) -> dict[str, str]:
    """Return what is run, for a tracker."""
    models = {name: one for name, one in plan.started.items() if isinstance(one, Backend)}
    facts = {"scenario": scenario.name, "seed": str(scenario.seed)}
    facts |= {f"model.{name or 'default'}": one.recorded_name for name, one in models.items()}
    facts |= {f"parameter.{name}": str(value) for name, value in plan.parameters.items()}
    return facts
