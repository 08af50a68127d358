"""What a user does with runs: begins one, goes on with one, and holds on to its record."""

import asyncio
from pathlib import Path

from simnet.clock import Seconds
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.recording.reading.run import RUNS
from simnet.recording.reading.run import Run as Record
from simnet.runs.launcher import launch
from simnet.runs.model_selection import NONE, ModelOptions, Named, choose_models, choose_models_of
from simnet.runs.plan import RunPlan
from simnet.runs.reload_scenario import ScenarioTimeline
from simnet.runs.resume import check_resumable, fork_plan, resume_plan, timeline_from
from simnet.runtime.placement import PersonasPerActor
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch
from simnet.scheduler.continuation import last_scenario


def run(
    scenario: Scenario,
    *,
    model: str | Backend | Model | None = None,
    backend: str | None = None,
    models: Named = NONE,
    replicas: int = 1,
    out: Path | str = RUNS,
    address: str | None = None,
    personas_per_actor: PersonasPerActor = "auto",
) -> "Run":
    """Run a scenario and open its record.

    `model` names one, or is a Model of your own, which runs in this process without Ray; None
    takes the default of the backend, which is `vllm` unless another is named. `models` are more
    of them, by the names that cohorts give them. Each that is given by its name is served by
    `replicas` engines. `out` is the folder of run directories. Raises SimnetError; see
    `simnet.errors`.
    """
    choice = choose_models(scenario, model, models, ModelOptions(backend, replicas=replicas))
    plan = RunPlan(
        scenario,
        choice.default,
        Path(out),
        address=address,
        personas_per_actor=personas_per_actor,
        models=choice.further,
    )
    return Run.open(asyncio.run(launch(plan)).folder)


def resume(
    run: Record | str | Path,
    scenario: Scenario | ScenarioTimeline | None = None,
    *,
    model: str | Backend | Model | None = None,
    backend: str | None = None,
    models: Named = NONE,
    replicas: int | None = None,
    root: Path | str = RUNS,
    address: str | None = None,
    personas_per_actor: PersonasPerActor = "auto",
) -> "Run":
    """Run what is left of a run that was interrupted, failed or killed, and open its record.

    What was recorded is done again with the recorded replies, then the run goes on live. Name
    the scenario if the run was started from Python, and a model unless it is the same one by
    name; another cluster and another placement change no result. Raises UsageError for a run
    that is complete, RecordError while another process runs it, DivergenceError when a prompt
    is not the recorded one.
    """
    opened = run if isinstance(run, Record) else Run.open(run, root)
    check_resumable(opened)
    timeline = timeline_from(opened, scenario)
    last = last_scenario(timeline.start, timeline.continuation(opened))
    choice = choose_models_of(opened, last, model, models, ModelOptions(backend, replicas=replicas))
    plan = resume_plan(
        opened,
        timeline,
        choice.default,
        address=address,
        personas_per_actor=personas_per_actor,
        models=choice.further,
    )
    return Run.open(asyncio.run(launch(plan)).folder)


def fork(
    run: Record | str | Path,
    at: Seconds,
    scenario: Scenario,
    *,
    before: Scenario | ScenarioTimeline | None = None,
    model: str | Backend | Model | None = None,
    backend: str | None = None,
    models: Named = NONE,
    replicas: int | None = None,
    root: Path | str = RUNS,
    address: str | None = None,
    personas_per_actor: PersonasPerActor = "auto",
) -> "Run":
    """Make a run that is `run` until `at` and from then on plays another scenario; open it.

    The new run shares the old one's record of what happened before and copies none of it, so it
    lies beside it. `before` is the scenario of the old run, if that was started from Python.
    Chance is the same in both: a difference comes from the scenario. Raises ScenarioError when
    the scenarios differ in people or network, UsageError when `run` did not get as far as `at`.
    """
    opened = run if isinstance(run, Record) else Run.open(run, root)
    timeline = timeline_from(opened, before)
    choice = choose_models_of(
        opened, scenario, model, models, ModelOptions(backend, replicas=replicas)
    )
    plan = fork_plan(
        opened,
        timeline.at(ScenarioSwitch(at, scenario)),
        RunPlan(
            scenario,
            choice.default,
            address=address,
            personas_per_actor=personas_per_actor,
            models=choice.further,
        ),
    )
    return Run.open(asyncio.run(launch(plan)).folder)


class Run(Record):
    """A run directory that can be read and gone on with.

    The record knows nothing of the engine, which goes on with it; so the two methods are here.
    """

    resume = resume
    fork = fork
