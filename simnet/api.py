"""The functions that run scenarios from Python: run, resume and fork, blocking or to be awaited.

They build the same options and plans as the command line and launch them the same way.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from simnet.clock import Seconds
from simnet.foundation.arguments import checked
from simnet.recording.files.manifest import Manifest
from simnet.recording.mirror.downloading import readable
from simnet.recording.reading.folders import RUNS
from simnet.recording.reading.run import Run as Record
from simnet.report import Report, report_run
from simnet.runs.blocking import blocking
from simnet.runs.caller import warn_user
from simnet.runs.launching.launcher import launch
from simnet.runs.mirroring.mirror_return import open_here, to_go_on
from simnet.runs.options.argument_options import options_of
from simnet.runs.options.options import NO_ADAPTERS, NO_ENGINE, NO_KEPT, NO_MODELS, ModelChoice
from simnet.runs.options.project_file import project_options
from simnet.runs.plans.plan import RunPlan
from simnet.runs.plans.provenance import from_python, say_if_lost
from simnet.runs.repeats.fork import fork_plan
from simnet.runs.repeats.reload_scenario import ScenarioTimeline, timeline_from
from simnet.runs.repeats.resume import changed_source, check_resumable, resume_plan
from simnet.runs.start import start_plan
from simnet.runtime.base import Reporter
from simnet.runtime.placement import PersonasPerActor
from simnet.scenario.forecast.doubts import doubts
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch
from simnet.scheduler.progress.messages import Progress


@checked
async def arun(
    scenario: Scenario,
    *,
    model: ModelChoice | None = None,
    models: Mapping[str, ModelChoice] = NO_MODELS,
    backend: str | None = None,
    base_url: str | None = None,
    adapters: Mapping[str, Path | str] = NO_ADAPTERS,
    replicas: int | None = None,
    engine: Mapping[str, Any] = NO_ENGINE,
    deadline: float | None = None,
    device: str | None = None,
    engines: str | Mapping[str, str] = NO_KEPT,
    out: Path | str = RUNS,
    run_id: str | None = None,
    seed: int | None = None,
    ray: bool | None = None,
    address: str | None = None,
    agents_on: str | Mapping[str, str] | None = None,
    engines_on: str | Mapping[str, str] | None = None,
    wait_for_resources: str | float | None = None,
    min_replicas: int | None = None,
    personas_per_actor: PersonasPerActor = "auto",
    max_tokens: int | None = None,
    max_calls: int | None = None,
    max_minutes: float | None = None,
    on_error: str | None = None,
    force: bool = False,
    accept_failures: bool = False,
    humans: Sequence[str] | None = None,
    human_deadline: float | None = None,
    prefetch: str | None = None,
    mirror: str | None = None,
    mirror_every: str | float | None = None,
    track: str | None = None,
    trace_turns: float | None = None,
    progress: Reporter | bool = False,
) -> "Run":
    """Run a scenario and open its record; `run` blocks, `arun` is awaited.

    `model` is the folder or hub name of a model, or a model object; None is the default of
    `backend`, which is `vllm`, `openai` (with `base_url`) or `fake`. `models` are further models
    by the names that cohorts give them, `adapters` folders of LoRA adapters. Each model given by
    name is served by `replicas` engines. `engine` are settings by name: fields of
    `simnet.models.EngineSettings` and arguments of vLLM such as `tensor_parallel_size`, or fields
    of `simnet.models.Endpoint`. A call may take `deadline` wall seconds; None goes by how fast
    the model is. `engines` names engines that `simnet serve` keeps, in place of own ones: a name,
    or names by what cohorts call the model.

    The run directory is made in the folder `out`; its name is `run_id`, or the time and the
    scenario's name. `seed` replaces that of the scenario. Model objects and small runs with
    `fake` or `openai` run in this process, all else on Ray, on the cluster at `address` (by
    default RAY_ADDRESS) or started here; `ray=True` and `ray=False`, which vLLM cannot, decide it.
    On a cluster `agents_on` and `engines_on` are labels of nodes, `wait_for_resources` ("10m")
    waits for nodes with room for the engines, and the run starts and goes on with `min_replicas`
    engines of each model; `device` is `cpu` or `gpu`. A scenario in which nobody asks a model
    starts none. The run stops, and can be resumed, once it spent `max_tokens`, `max_calls` or
    `max_minutes`; it fails, and can be resumed, when most model calls fail, unless
    `accept_failures`. When code of yours fails, `on_error="stop"`, the default, stops the run
    likewise and raises UserCodeError, and `"fail the turn"` records the turn as failed and goes
    on. What needs more memory than there is is refused unless `force`.
    People may take the turns of `humans`, which are handles, with `simnet join`; a turn waits
    `human_deadline` wall seconds for them, 120 by default, then the persona answers.
    `prefetch="ahead"` makes model calls early that are likely to be needed, in slots that would be
    empty, `"view"` fewer of them; neither changes a result, calls in vain count for the budget, and
    None is `"off"`. `mirror` is the address of an object store (`s3://bucket/prefix`, `gs://...`,
    `file:///...`) where a copy of the record is kept, renewed every `mirror_every` wall seconds, 10
    by default; the run does not wait for it, and goes on if it fails. `track` shows the
    run in a tracker: `"mlflow"`, `"wandb"` or `"trackio"`; `trace_turns` sends that share of the
    turns as spans by OpenTelemetry. `progress` is True for a display on the terminal, or a
    Reporter. In the main thread, SIGINT, SIGTERM and SIGHUP stop the run with its record sealed.

    Raises SimnetError; see `simnet.errors`.
    """
    options = options_of(locals())
    loaded = from_python(scenario, seed)
    plan = start_plan(loaded, options)
    for doubt in doubts(scenario):
        warn_user(f"{scenario.name}: {doubt}")
    say_if_lost(loaded)
    return await _launched(plan, progress)


@checked
async def aresume(
    run: Record | str | Path,
    scenario: Scenario | ScenarioTimeline | None = None,
    *,
    root: Path | str = RUNS,
    model: ModelChoice | None = None,
    models: Mapping[str, ModelChoice] = NO_MODELS,
    backend: str | None = None,
    base_url: str | None = None,
    adapters: Mapping[str, Path | str] = NO_ADAPTERS,
    replicas: int | None = None,
    engine: Mapping[str, Any] = NO_ENGINE,
    deadline: float | None = None,
    device: str | None = None,
    engines: str | Mapping[str, str] = NO_KEPT,
    ray: bool | None = None,
    address: str | None = None,
    agents_on: str | Mapping[str, str] | None = None,
    engines_on: str | Mapping[str, str] | None = None,
    wait_for_resources: str | float | None = None,
    min_replicas: int | None = None,
    personas_per_actor: PersonasPerActor = "auto",
    max_tokens: int | None = None,
    max_calls: int | None = None,
    max_minutes: float | None = None,
    on_error: str | None = None,
    force: bool = False,
    accept_failures: bool = False,
    humans: Sequence[str] | None = None,
    human_deadline: float | None = None,
    prefetch: str | None = None,
    mirror: str | None = None,
    mirror_every: str | float | None = None,
    track: str | None = None,
    trace_turns: float | None = None,
    progress: Reporter | bool = False,
) -> "Run":
    """Run what is left of a run that was stopped, failed or killed, and open its record.

    What was recorded is replayed from the recorded replies, then the run continues with the
    model. `run` is a Run, or its id or path; ids are looked up in the folder `root`. The address of
    a mirror brings the run back to `root` first, and takes the mirror over. Give
    `scenario` if the run was started from Python (its seed is that of the record), and a model
    if that was an object. All else is as in `run`; where a run is resumed changes no result.

    Raises UsageError for a run that is complete, RecordError while another process runs it,
    DivergenceError if a prompt is not the recorded one. `resume` blocks, `aresume` is awaited.
    """
    options = options_of(locals())
    opened, options = to_go_on(run, root, options)
    check_resumable(opened)
    if scenario is None and (note := changed_source(opened)) is not None:
        warn_user(note)
    return await _launched(resume_plan(opened, timeline_from(opened, scenario), options), progress)


@checked
async def afork(
    run: Record | str | Path,
    at: Seconds,
    scenario: Scenario,
    *,
    before: Scenario | ScenarioTimeline | None = None,
    remember: Sequence[str] = (),
    root: Path | str = RUNS,
    model: ModelChoice | None = None,
    models: Mapping[str, ModelChoice] = NO_MODELS,
    backend: str | None = None,
    base_url: str | None = None,
    adapters: Mapping[str, Path | str] = NO_ADAPTERS,
    replicas: int | None = None,
    engine: Mapping[str, Any] = NO_ENGINE,
    deadline: float | None = None,
    device: str | None = None,
    engines: str | Mapping[str, str] = NO_KEPT,
    seed: int | None = None,
    ray: bool | None = None,
    address: str | None = None,
    agents_on: str | Mapping[str, str] | None = None,
    engines_on: str | Mapping[str, str] | None = None,
    wait_for_resources: str | float | None = None,
    min_replicas: int | None = None,
    personas_per_actor: PersonasPerActor = "auto",
    max_tokens: int | None = None,
    max_calls: int | None = None,
    max_minutes: float | None = None,
    on_error: str | None = None,
    force: bool = False,
    accept_failures: bool = False,
    humans: Sequence[str] | None = None,
    human_deadline: float | None = None,
    prefetch: str | None = None,
    mirror: str | None = None,
    mirror_every: str | float | None = None,
    track: str | None = None,
    trace_turns: float | None = None,
    progress: Reporter | bool = False,
) -> "Run":
    """Make a run that equals `run` until `at` and then plays another scenario; open its record.

    `at` is in simulated seconds. The new run shares the record of what happened before, so its
    directory is next to that of `run`. Give `before`, the scenario of `run`, if that was started
    from Python. The personas whose handles are in `remember` remember their interviews at `at`,
    which `simnet interview` held in `run`. The random draws are the same in both unless `scenario`
    or `seed` brings another seed, so a difference is due to the scenario. Else as in `resume`.

    Raises ScenarioError if the scenarios differ in personas or network, UsageError if `run` ended
    before `at` or there is no such interview. `fork` blocks, `afork` is awaited.
    """
    options = options_of(locals())
    opened = open_here(run, root)
    timeline = timeline_from(opened, before)
    loaded = from_python(scenario, seed)
    plan = fork_plan(opened, at, loaded, timeline, options, remember=remember)
    say_if_lost(loaded)
    return await _launched(plan, progress)


run = blocking(arun)
resume = blocking(aresume)
fork = blocking(afork)


class Run(Record):
    """A run directory that can be read, resumed, forked and reported.

    `simnet.recording` cannot launch or draw runs, so these methods are added here.
    """

    @classmethod
    def open(cls, run: str | Path, root: str | Path = RUNS) -> Self:
        """Open a run by its id within `root`, by the path of its folder, or by `latest`.

        The address of a mirror, such as `s3://bucket/prefix/RUN`, opens a copy of it in the user's
        cache, which is as new as the mirror. An id may be shortened to a beginning or an end that
        only one run in `root` has. A path may begin with `~`. Raises UsageError when there is no
        such run, RecordError when it cannot be read.
        """
        return super().open(readable(run), root)

    resume = resume
    aresume = aresume
    fork = fork
    afork = afork

    def report(self, out: Path | str | None = None, *, figures: bool = True) -> Report:
        """Write the report of this run; see `simnet.report.report_run`."""
        return report_run(self, out, figures=figures)


async def _launched(plan: RunPlan, progress: Reporter | bool) -> Run:
    if progress is True:
        from simnet.cli.options import OutputFlags  # noqa: PLC0415  (imports typer)
        from simnet.cli.runs.launching import launch_with_display  # noqa: PLC0415  (imports rich)

        return Run.open((await launch_with_display(plan, OutputFlags())).folder)
    return Run.open((await launch(plan, None if progress is False else progress)).folder)


__all__ = [
    "Manifest",
    "PersonasPerActor",
    "Progress",
    "Record",
    "Reporter",
    "Run",
    "ScenarioSwitch",
    "ScenarioTimeline",
    "afork",
    "aresume",
    "arun",
    "fork",
    "project_options",
    "resume",
    "run",
]
