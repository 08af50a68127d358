"""Shows a run in an experiment tracker: what was run, its figures over time, and how it ended.

A tracker has a thread of its own, so it slows no run, and an error of it is told once and ends
the tracking alone. What it shows is in the record too.
"""

import importlib.util
import queue
import threading
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol, TypeAlias

from simnet.errors import UsageError, reason
from simnet.inference.backend import Backend
from simnet.runs.plans.plan import RunPlan
from simnet.runtime.base import Reporter
from simnet.scenario.scenario import Scenario
from simnet.scheduler.continuing.continuation import last_scenario
from simnet.scheduler.figures.run_figures import figures_of
from simnet.scheduler.progress.messages import Progress
from simnet.text import did_you_mean

LOG_SECONDS = 5.0
"""Shortest time, in wall seconds, between two points of a figure."""
END_SECONDS = 15.0
"""Wall seconds that a tracker has to take the rest when a run has ended."""
_MOST_WAITING = 100
"""Points that wait for a slow tracker; further ones are left out."""
_LONGEST = 250
"""Characters of a parameter."""


class Tracker(Protocol):
    """What shows runs elsewhere. Its methods are called in one thread and may raise anything."""

    def begin(self, run: str, experiment: str, facts: Mapping[str, str]) -> None:
        """Show a run that begins, or goes on: what is run, by name."""
        ...

    def log(self, figures: Mapping[str, float], seconds: float) -> None:
        """Add a point to each figure, `seconds` of wall time after the first turn."""
        ...

    def end(self, state: str) -> None:
        """Show how the run ended: `completed`, `interrupted` or `failed`."""
        ...


_Work: TypeAlias = Callable[[Tracker], None]


class MlflowTracker:
    """A run of MLflow, in the experiment named like the scenario.

    Where MLflow keeps it goes by its own settings, such as MLFLOW_TRACKING_URI. A run that is
    resumed goes on in the same run of MLflow.
    """

    _STATES: Mapping[str, str] = {"completed": "FINISHED", "interrupted": "KILLED"}

    def __init__(self) -> None:
        mlflow = import_module("mlflow")  # slow, and no part of simnet
        self._mlflow = mlflow
        self._client = mlflow.MlflowClient()
        self._run = ""

    def begin(self, run: str, experiment: str, facts: Mapping[str, str]) -> None:
        """Find the run of MLflow with this id of ours, or make one."""
        found = self._client.get_experiment_by_name(experiment)
        number = found.experiment_id if found else self._client.create_experiment(experiment)
        known = self._client.search_runs([number], f"tags.`simnet.run` = '{run}'")
        if known:
            self._run = known[0].info.run_id
            self._client.update_run(self._run, status="RUNNING")
            return
        made = self._client.create_run(number, run_name=run, tags={"simnet.run": run})
        self._run = made.info.run_id
        for name, value in facts.items():
            self._client.log_param(self._run, name, value[:_LONGEST])

    def log(self, figures: Mapping[str, float], seconds: float) -> None:
        """Log the figures as metrics, whose step is the wall second."""
        now, step = round(1000 * time.time()), round(seconds)
        metric = self._mlflow.entities.Metric
        metrics = [metric(name, value, now, step) for name, value in figures.items()]
        self._client.log_batch(self._run, metrics=metrics)

    def end(self, state: str) -> None:
        """Set the status of the run."""
        self._client.set_terminated(self._run, status=self._STATES.get(state, "FAILED"))


TRACKERS: Mapping[str, Callable[[], Tracker]] = {"mlflow": MlflowTracker}
"""How each is made, by the names of `--track`, which are those of their packages."""


def check_tracker(name: str | None) -> None:
    """Raise UsageError for a tracker that is not known or not installed."""
    if name is None:
        return
    if name not in TRACKERS:
        known = did_you_mean(name, TRACKERS) or f"; there are: {', '.join(TRACKERS)}"
        raise UsageError(f"there is no tracker {name!r}{known}")
    if importlib.util.find_spec(name) is None:
        raise UsageError(f"{name} is not installed: pip install {name}")


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
        self._put(lambda tracker: tracker.end(state))
        self._work.put(None)
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
