"""Runs what a study lacks: each arm with each seed, one after the other or in several processes."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pyarrow as pa

from simnet.errors import SimnetError
from simnet.recording.files.lock import run_lock
from simnet.runs.options import RunOptions
from simnet.studies.parallel import in_processes, one_by_one
from simnet.studies.study import Study, Unit
from simnet.studies.study_folder import StudyFolder
from simnet.studies.unit_run import is_complete

Report: TypeAlias = Callable[[Unit, SimnetError | None], None]
"""Takes a unit that was run and measured, or that failed and with what."""


class Outcome(NamedTuple):
    """How the execution of a study ended."""

    results: pa.Table
    """The tidy table of all complete runs; see RESULT_SCHEMA."""
    complete: int
    """Number of units whose runs are complete and measured."""
    failures: dict[str, SimnetError]
    """The errors of the runs that failed, by the unit's key."""


def execute(
    path: Path,
    study: Study,
    options: RunOptions,
    *,
    processes: int = 1,
    report: Report = lambda _unit, _error: None,
) -> Outcome:
    """Run, resume and measure what a study lacks, and write its results.

    Units are independent of each other, so the results do not depend on `processes`. A run or a
    measure that fails is reported and the study goes on with the others. Raises UsageError for
    a folder of another plan, RecordError while another process executes the study, StoppedError
    after SIGINT or SIGTERM.
    """
    folder = StudyFolder.made(path, study)
    failures: dict[str, SimnetError] = {}
    with run_lock(path):
        for rank in _ranks(study):
            waiting = [unit for unit in rank if not _is_done(folder, unit)]
            several = processes > 1 and len(waiting) > 1
            play_all = in_processes(processes) if several else one_by_one
            for unit, error in play_all(folder, waiting, options):
                if error is not None:
                    failures[unit.key] = error
                report(unit, error)
        return _gathered(folder, failures)


def _ranks(study: Study) -> list[list[Unit]]:
    """Order the units so that a run comes before its forks."""
    first = [unit for unit in study.units if study.parent_of(unit) is None]
    return [first, [unit for unit in study.units if study.parent_of(unit) is not None]]


def _is_done(folder: StudyFolder, unit: Unit) -> bool:
    run = folder.run_of(unit)
    return run is not None and is_complete(run) and folder.figures(run) is not None


def _gathered(folder: StudyFolder, failures: dict[str, SimnetError]) -> Outcome:
    found = []
    for unit in folder.study.units:
        run = folder.run_of(unit)
        figures = None if run is None or not is_complete(run) else folder.figures(run)
        if figures is not None:
            found.append((unit, figures))
    return Outcome(folder.write_results(found), len(found), failures)
