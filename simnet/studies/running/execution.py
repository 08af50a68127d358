"""Runs what a study lacks: each arm with each seed, one after the other or in several processes."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from simnet.errors import SimnetError
from simnet.recording.files.lock import run_lock
from simnet.runs.options.options import RunOptions
from simnet.studies.running.parallel import Ended, Play, in_processes, one_by_one
from simnet.studies.running.side_by_side import side_by_side
from simnet.studies.running.study_folder import StudyFolder
from simnet.studies.running.unit_run import is_complete
from simnet.studies.study import Study, Unit


class Outcome(NamedTuple):
    """How the execution of a study ended."""

    results: pa.Table
    """The tidy table of all complete runs, without measures that failed; see RESULT_SCHEMA."""
    complete: int
    """Number of units whose runs reached their end."""
    measured: int
    """How many of these all measures were applied to with success."""
    failures: dict[str, SimnetError]
    """The errors of the runs and measures that failed, by the unit's key."""


def execute(
    path: Path,
    study: Study,
    options: RunOptions,
    *,
    processes: int = 1,
    parallel: int = 1,
    force: bool = False,
    begin: Callable[[int], None] = lambda _count: None,
    report: Ended = lambda _unit, _error: None,
) -> Outcome:
    """Run, resume and measure what a study lacks, and write its results.

    So many runs go on at once in `processes` of their own, or, `parallel` to each other, in this
    one and on the same engines. Units are independent, so results do not depend on it. `begin` is
    told how many units are to be run or measured, and `report` of each. A run or a measure that
    fails is reported and the study goes on with the others. Runs have the models of those that have
    begun, unless the options name others. What a measure found before its code was changed is
    measured anew. Raises UsageError for a folder of another plan or backend, or, without `force`,
    with runs of an arm whose code has changed; RecordError while another process executes the
    study; StoppedError after SIGINT or SIGTERM.
    """
    folder = StudyFolder.made(path, study)
    failures: dict[str, SimnetError] = {}

    def ended(unit: Unit, error: SimnetError | None) -> None:
        if error is not None:
            failures[unit.key] = error
        report(unit, error)

    with run_lock(path):
        folder.check_backend(options.models.backend)
        folder.take_code(_arms_that_lack_runs(folder), force=force)
        ranks = [[one for one in rank if not _is_done(folder, one)] for rank in _ranks(study)]
        begin(sum(map(len, ranks)))
        for waiting in ranks:
            if waiting:
                _play_of(processes, parallel, len(waiting))(folder, waiting, options, ended)
        return _gathered(folder, failures)


def _play_of(processes: int, parallel: int, waiting: int) -> Play:
    if waiting > 1 and parallel > 1:
        return side_by_side(parallel)
    return in_processes(processes) if waiting > 1 and processes > 1 else one_by_one


def _ranks(study: Study) -> list[list[Unit]]:
    """Order the units so that a run comes before its forks."""
    first = [unit for unit in study.units if study.parent_of(unit) is None]
    return [first, [unit for unit in study.units if study.parent_of(unit) is not None]]


def _arms_that_lack_runs(folder: StudyFolder) -> set[str]:
    runs = ((unit.cell.label, folder.run_of(unit)) for unit in folder.study.units)
    return {arm for arm, run in runs if run is None or not is_complete(run)}


def _is_done(folder: StudyFolder, unit: Unit) -> bool:
    run = folder.run_of(unit)
    return run is not None and is_complete(run) and not folder.unmeasured(run)


def _gathered(folder: StudyFolder, failures: dict[str, SimnetError]) -> Outcome:
    found = []
    complete = measured = 0
    for unit in folder.study.units:
        run = folder.run_of(unit)
        if run is None or not is_complete(run):
            continue
        complete += 1
        measured += not folder.unmeasured(run)
        if (figures := folder.figures(run)) is not None:
            found.append((unit, figures))
    return Outcome(folder.write_results(found), complete, measured, failures)
