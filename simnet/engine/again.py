"""Goes on with a recorded run: to its end, or from some moment on with another scenario."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from simnet.clock import Seconds, format_time
from simnet.engine.begin import begin
from simnet.engine.placement import PersonasPerActor
from simnet.engine.revive import Course, checksum, course_of
from simnet.engine.run import Launch, launch
from simnet.errors import RecordError, UsageError
from simnet.inference.backend import Backend, choose
from simnet.inference.endpoint import Endpoint
from simnet.inference.model import Model
from simnet.inference.settings import EngineSettings
from simnet.recording.manifest import State
from simnet.recording.run_directory import RUNS, Run, RunDirectory, run_folders
from simnet.scenario.change import Change, check_changes
from simnet.scenario.loading import Loaded
from simnet.scenario.scenario import Scenario

IN_PROCESS = "in process"


def resume(
    run: Run | str | Path,
    scenario: Scenario | Course | None = None,
    *,
    model: str | Model | None = None,
    backend: str | None = None,
    root: Path | str = RUNS,
    address: str | None = None,
    personas_per_actor: PersonasPerActor = "auto",
) -> Run:
    """Run what is left of a run that was interrupted, failed or killed, and open its record.

    What was recorded is done again with the recorded replies, then the run goes on live. Name
    the scenario if the run was started from Python, and the model unless it is the same one by
    name; another cluster and another placement change no result. Raises UsageError for a run
    that is complete, RecordError while another process runs it, DivergenceError when a prompt
    is not the recorded one.
    """
    opened = run if isinstance(run, Run) else Run.open(run, root)
    course = _course(opened, scenario)
    plan = resumption(
        opened,
        course,
        chosen(opened, model, backend),
        address=address,
        personas_per_actor=personas_per_actor,
    )
    return Run.open(asyncio.run(launch(plan)).folder)


def fork(
    run: Run | str | Path,
    at: Seconds,
    scenario: Scenario,
    *,
    before: Scenario | Course | None = None,
    model: str | Model | None = None,
    backend: str | None = None,
    root: Path | str = RUNS,
    address: str | None = None,
    personas_per_actor: PersonasPerActor = "auto",
) -> Run:
    """Make a run that is `run` until `at` and from then on plays another scenario; open it.

    The new run shares the old one's record of what happened before and copies none of it, so it
    lies beside it. `before` is the scenario of the old run, if that was started from Python.
    Chance is the same in both: a difference comes from the scenario. Raises ScenarioError when
    the scenarios differ in people or network, UsageError when `run` did not get as far as `at`.
    """
    opened = run if isinstance(run, Run) else Run.open(run, root)
    course = _course(opened, before)
    plan = branch(
        opened,
        course.at(Change(at, scenario)),
        Launch(
            scenario,
            chosen(opened, model, backend),
            address=address,
            personas_per_actor=personas_per_actor,
        ),
    )
    return Run.open(asyncio.run(launch(plan)).folder)


def resumption(run: Run, course: Course, backend: Backend | Model, **options: Any) -> Launch:
    """Plan the rest of a run. Raises UsageError when there is none."""
    if run.manifest.state is State.COMPLETED:
        raise UsageError(
            f"{run.id} is complete, so there is nothing to resume; `simnet replay` does it again "
            "and `simnet fork` goes on from somewhere in it with another scenario"
        )
    return Launch(
        course.start,
        backend,
        run.path.parent,
        modules=course.modules,
        into=RunDirectory.reopen(run),
        past=course.past(run),
        **options,
    )


def branch(run: Run, course: Course, plan: Launch) -> Launch:
    """Make the directory of a fork of `run` by the last change of `course`, and plan the rest.

    `plan` says with what and where, and from which file the new scenario is.
    """
    at = course.changes[-1].at
    check_changes(course.start, course.changes)
    _check_reached(run, at)
    facts: Mapping[str, Any] = {"parent": run.path.name, "parent_until": at}
    directory = begin(replace(plan, root=run.path.parent), **facts)
    child = Run(directory.path, directory.manifest)
    return replace(
        plan,
        scenario=course.start,
        root=run.path.parent,
        modules=course.modules,
        into=directory,
        past=course.past(child),
    )


def unfinished(loaded: Loaded, root: Path) -> Run | None:
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


def chosen(
    run: Run,
    model: str | Model | None,
    backend: str | None,
    settings: EngineSettings | None = None,
    endpoint: Endpoint | None = None,
) -> Backend | Model:
    """Choose the backend and the model a run had, unless others are named."""
    if model is not None and not isinstance(model, str):
        return model
    manifest = run.manifest
    if backend is None and manifest.backend == IN_PROCESS:
        raise UsageError(
            f"{run.id} ran with a model object in one process; give that model in Python, or name "
            "a backend"
        )
    same = backend is None or backend == manifest.backend
    known = manifest.model.name if manifest.model and same else None
    return choose(backend or manifest.backend, model or known, settings, endpoint)


def _course(run: Run, given: Scenario | Course | None) -> Course:
    if given is None:
        return course_of(run)
    return Course(given) if isinstance(given, Scenario) else given


def _check_reached(run: Run, at: Seconds) -> None:
    if run.manifest.state is State.COMPLETED:
        return
    reached = max((piece.high for piece in run.pieces("events", ["at"])), default=0.0)
    if reached < at:
        raise UsageError(
            f"{run.id} got as far as {format_time(reached)}; resume it first, or fork it earlier "
            f"than {format_time(at)}"
        )
