"""Plans the rest of a run that did not reach its end, and finds such runs."""

import os
from dataclasses import replace
from math import floor
from pathlib import Path

from simnet.errors import RecordError, UsageError, short_path
from simnet.recording.files.lock import check_unlocked
from simnet.recording.files.manifest import State
from simnet.recording.mirror.downloading import check_no_copy
from simnet.recording.reading.folders import is_unborn, run_folders
from simnet.recording.reading.reached import reached
from simnet.recording.reading.run import Run
from simnet.recording.writing.run_directory import RunDirectory
from simnet.runs.advice import fork_command
from simnet.runs.models.model_folders import check_same_files
from simnet.runs.models.model_selection import choose_recorded_models
from simnet.runs.option_plan import plan_of_options
from simnet.runs.options.options import RunOptions
from simnet.runs.plans.plan import RunPlan
from simnet.runs.plans.scenario_origin import is_file_name, original_file
from simnet.runs.repeats.reload_scenario import ScenarioTimeline, checksum
from simnet.scenario.files.loading import Loaded
from simnet.scheduler.continuing.continuation import last_scenario


def check_resumable(run: Run) -> None:
    """Raise UsageError for a run that is complete or a copy of a mirror.

    Raises RecordError while a process runs it.
    """
    check_no_copy(run.path)
    if run.manifest.state is State.COMPLETED:
        raise UsageError(
            f"{run.id} is complete, so there is nothing to resume; `simnet replay` does it again "
            "and `simnet fork` goes on from somewhere in it with another scenario"
        )
    check_unlocked(run.path)


def resume_plan(run: Run, timeline: ScenarioTimeline, options: RunOptions) -> RunPlan:
    """Plan the rest of a run, whose scenarios are `timeline`; `options.out` is not used.

    Raises what `check_resumable` and `choose_recorded_models` raise.
    """
    check_resumable(run)
    continuation = timeline.continuation(run)
    scenario = last_scenario(timeline.start, continuation)
    models = choose_recorded_models(run, scenario, options.models)
    check_same_files(run.manifest, models.default, models.further)
    manifest = run.manifest
    plan = plan_of_options(
        scenario, models, options, run.path.parent, before=manifest, humans=manifest.humans
    )
    return replace(
        plan,
        scenario=timeline.start,
        modules=timeline.modules,
        into=RunDirectory.reopen(run),
        continuation=continuation,
    )


def changed_source(run: Run) -> str | None:
    """Say that the file of a run's scenario is not what it was, and what that means; else None.

    A resume takes the copy in the run then, because the recorded part is done again.
    """
    facts = run.manifest.scenario
    if facts is None or facts.origin is None or facts.file is None:
        return None
    origin, copy = original_file(run.id, facts), run.path / facts.file
    if origin is None:
        told = (
            f"this machine has not noted where {facts.origin} was, so the run goes on with {copy}"
        )
        return told if is_file_name(facts.origin) else None
    if origin.is_file() and checksum(origin) == facts.hash:
        return None
    what = "has changed" if origin.is_file() else "is gone"
    note = (
        f"{short_path(str(origin))} {what} since the run began, so it goes on with its copy {copy}"
    )
    if not origin.is_file():
        return note
    return (
        f"{note}, and the change does not count; put the file back if the scenario reads files "
        "beside it. To let the change count, fork the run at the time from which it does, "
        f"{floor(reached(run))}s at the latest: {fork_command(run.path, facts)}"
    )


def find_unfinished(loaded: Loaded, root: Path) -> Run | None:
    """Return the newest run in `root` of the same scenario; None if it is complete or missing.

    The scenario is the same if it is from a file of the same content, with the same parameters
    and seed. Runs that cannot be read are skipped.
    """
    for folder in reversed(run_folders(root)):
        try:
            run = Run.open(folder)
        except RecordError:
            continue
        if _is_of(run, loaded):
            return None if run.manifest.state is State.COMPLETED else run
    return None


def find_named(loaded: Loaded, root: Path, run_id: str) -> Run | None:
    """Return the run of this id in `root`, complete or not; None if there is none.

    Raises UsageError if it is a run of something else than the scenario, RecordError if it cannot
    be read.
    """
    folder = root / run_id
    if not os.path.lexists(folder) or is_unborn(folder):
        return None
    run = Run.open(folder)
    if not _is_of(run, loaded):
        raise UsageError(
            f"{run_id} is a run of another scenario, or with other parameters or another seed; "
            "choose another run id"
        )
    return run


def _is_of(run: Run, loaded: Loaded) -> bool:
    """Whether a run is one of a scenario from a file of this content, with these parameters."""
    facts = run.manifest.scenario
    if loaded.source is None or facts is None or run.manifest.parent is not None:
        return False
    recipe = tuple(loaded.recipe[name] for name in ("attribute", "sets", "seed"))
    is_same = facts.hash == checksum(loaded.source)
    return is_same and (facts.attribute, facts.sets, facts.seed) == recipe
