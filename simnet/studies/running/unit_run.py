"""The run of one unit of a study: started, resumed or forked, then measured."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from simnet.errors import RunError, SimnetError
from simnet.recording.files.manifest import State
from simnet.recording.reading.run import Run
from simnet.runs.blocking import blocking
from simnet.runs.launching.launcher import launch
from simnet.runs.options.options import RunOptions
from simnet.runs.plans.plan import RunPlan
from simnet.runs.plans.provenance import from_python
from simnet.runs.repeats.fork import fork_plan
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.resume import resume_plan
from simnet.runs.start import start_plan
from simnet.runtime.base import Silent
from simnet.scenario.switch import ScenarioSwitch
from simnet.studies.running.study_folder import StudyFolder
from simnet.studies.study import Unit

Sharing: TypeAlias = Callable[[RunPlan], RunPlan]
_BY_SIGNAL = 128
"""Exit codes above are those of processes that a signal ended."""


class StoppedError(SimnetError):
    """A signal stopped the study; what is complete stays, and the rest is run by a resume."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.exit_code = _BY_SIGNAL + number


def play(folder: StudyFolder, unit: Unit, options: RunOptions) -> None:
    """Start the run of a unit or go on with it, to its end, and measure it.

    Raises what `complete` raises, and ScenarioError if a measure fails: the run and the figures
    of the other measures stay.
    """
    run = _completed(folder, unit, options)
    if folder.unmeasured(run):
        folder.measure(run)


async def complete(
    folder: StudyFolder, unit: Unit, options: RunOptions, sharing: Sharing = lambda plan: plan
) -> Run:
    """Start the run of a unit or go on with it, to its end; return it.

    `sharing` gives the plan what it shares with other runs. Raises RunError if the run failed,
    StoppedError if a signal stopped it.
    """
    run = folder.run_of(unit)
    if run is not None and is_complete(run):
        return run
    plan = sharing(_plan(folder, unit, run, options))
    try:
        result = await launch(plan, _Noting(folder, unit))
    except RunError as error:
        if error.exit_code > _BY_SIGNAL:  # before the first turn
            raise StoppedError(error.exit_code - _BY_SIGNAL) from error
        raise
    folder.note(unit, result.run_id)  # what is noted as a run begins may fail unseen
    if result.signal is not None:
        raise StoppedError(result.signal)
    if result.spent is not None:
        raise RunError(f"{unit.key}: the run stopped, as it spent {result.spent}")
    return Run.open(result.folder)


_completed = blocking(complete)


def _plan(folder: StudyFolder, unit: Unit, run: Run | None, options: RunOptions) -> RunPlan:
    if run is not None:
        return resume_plan(run, _timeline(folder, unit), options)
    loaded = from_python(unit.cell.scenario, unit.seed)
    parent = folder.study.parent_of(unit)
    if parent is None:
        return start_plan(loaded, options, folder.asking_run)
    past = folder.run_of(parent)
    if past is None:
        raise RunError(f"{unit.key}: {parent.key}, whose past it shares, has no run")
    assert folder.study.fork_at is not None
    timeline = ScenarioTimeline(parent.scenario)
    return fork_plan(past, folder.study.fork_at, loaded, timeline, options)


def _timeline(folder: StudyFolder, unit: Unit) -> ScenarioTimeline:
    """Return the scenarios of a unit's run: its own, after the parent's if it is a fork."""
    parent = folder.study.parent_of(unit)
    if parent is None:
        return ScenarioTimeline(unit.scenario)
    assert folder.study.fork_at is not None
    switch = ScenarioSwitch(folder.study.fork_at, unit.scenario)
    return ScenarioTimeline(parent.scenario, (switch,))


class _Noting(Silent):
    """Writes down which run a unit has as soon as it has one."""

    def __init__(self, folder: StudyFolder, unit: Unit) -> None:
        self._folder = folder
        self._unit = unit

    def begun(self, folder: Path) -> None:
        """Note the run; raises DiskError."""
        self._folder.note(self._unit, folder.name)


def is_complete(run: Run) -> bool:
    """Whether a run reached its end."""
    return run.manifest.state is State.COMPLETED
