"""Goes on with a recorded run: to its end, or from some moment on with another scenario."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from simnet.clock import Seconds, format_time
from simnet.errors import RecordError, UsageError
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.recording.files.lock import check_free
from simnet.recording.files.manifest import State
from simnet.recording.reading.run import Run, run_folders
from simnet.recording.writing.run_directory import RunDirectory
from simnet.runs.create import create_run
from simnet.runs.plan import RunPlan
from simnet.runs.reload_scenario import ScenarioTimeline, checksum, timeline_of
from simnet.runtime.models import check_models, models_by_name
from simnet.scenario.loading import Loaded
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import check_switches


def check_resumable(run: Run) -> None:
    """Raise UsageError for a run that is complete, RecordError while a process runs it."""
    if run.manifest.state is State.COMPLETED:
        raise UsageError(
            f"{run.id} is complete, so there is nothing to resume; `simnet replay` does it again "
            "and `simnet fork` goes on from somewhere in it with another scenario"
        )
    check_free(run.path)


def resume_plan(
    run: Run, timeline: ScenarioTimeline, backend: Backend | Model, **options: Any
) -> RunPlan:
    """Plan the rest of a run. Raises as `check_resumable` does."""
    check_resumable(run)
    return RunPlan(
        timeline.start,
        backend,
        run.path.parent,
        modules=timeline.modules,
        into=RunDirectory.reopen(run),
        continuation=timeline.continuation(run),
        **options,
    )


def fork_plan(run: Run, timeline: ScenarioTimeline, plan: RunPlan) -> RunPlan:
    """Make the directory of a fork of `run` by the last switch of `timeline`, and plan the rest.

    `plan` says with what and where, and from which file the new scenario is.
    """
    at = timeline.switches[-1].at
    check_free(run.path)
    check_switches(timeline.start, timeline.switches)
    check_models(plan.scenario, models_by_name(plan.backend, plan.models))
    _check_reached(run, at)
    facts: Mapping[str, Any] = {"parent": run.path.name, "parent_until": at}
    directory = create_run(replace(plan, root=run.path.parent), **facts)
    child = Run(directory.path, directory.manifest)
    return replace(
        plan,
        scenario=timeline.start,
        root=run.path.parent,
        modules=timeline.modules,
        into=directory,
        continuation=timeline.continuation(child),
    )


def find_unfinished(loaded: Loaded, root: Path) -> Run | None:
    """Find the newest run in `root` of the same scenario, as it is loaded, if it is not complete.

    The same is: the same file by its content, the same parameters, the same seed. Runs that
    cannot be read are passed over.
    """
    if loaded.source is None:
        return None
    wanted = checksum(loaded.source)
    for folder in reversed(run_folders(root)):
        try:
            run = Run.open(folder)
        except RecordError:
            continue
        facts = run.manifest.scenario
        if run.manifest.parent is None and facts and facts.hash == wanted:
            given = (facts.attribute, facts.sets, facts.seed)
            if given == tuple(loaded.recipe[name] for name in ("attribute", "sets", "seed")):
                return None if run.manifest.state is State.COMPLETED else run
    return None


def timeline_from(run: Run, given: Scenario | ScenarioTimeline | None) -> ScenarioTimeline:
    """Return the course that is given, or make that of the run again; see `timeline_of`."""
    if given is None:
        return timeline_of(run)
    return ScenarioTimeline(given) if isinstance(given, Scenario) else given


def _check_reached(run: Run, at: Seconds) -> None:
    if run.manifest.state is State.COMPLETED:
        return
    reached = max((piece.high for piece in run.pieces("events", ["at"])), default=0.0)
    if reached < at:
        raise UsageError(
            f"{run.id} got as far as {format_time(reached)}; resume it first, or fork it earlier "
            f"than {format_time(at)}"
        )
