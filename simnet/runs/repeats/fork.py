"""Plans a fork: a run that shares the record of another up to a time, then changes scenario."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from simnet.clock import Seconds, format_time
from simnet.errors import UsageError
from simnet.recording.files.lock import check_unlocked
from simnet.recording.files.manifest import State
from simnet.recording.mirror.downloading import check_no_copy
from simnet.recording.reading.reached import reached
from simnet.recording.reading.run import Run
from simnet.runs.launching.launcher import with_prepared_models
from simnet.runs.models.model_selection import choose_recorded_models
from simnet.runs.option_plan import plan_of_options
from simnet.runs.options.options import RunOptions
from simnet.runs.plans.create import create_run
from simnet.runs.plans.plan import RunPlan
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.remembered_talks import remembering
from simnet.scenario.files.loading import Loaded
from simnet.scenario.switch import ScenarioSwitch, check_switches


def fork_plan(
    run: Run,
    at: Seconds,
    loaded: Loaded,
    before: ScenarioTimeline,
    options: RunOptions,
    report: Callable[[str], None] = lambda _: None,
    *,
    remember: Sequence[str] = (),
) -> RunPlan:
    """Make the directory of a fork of `run`, next to it, and plan the rest of the fork.

    `before` are the scenarios of `run`; from `at` on, in simulated seconds, the fork plays
    `loaded`. `options.out` is not used; `report` gets a line for each slow step. The personas
    `remember` remember their interviews at `at`. Raises
    ScenarioError if the scenarios differ in personas or network, UsageError if `run` ended
    before `at`, and what `prepare_models` raises.
    """
    if not (isinstance(at, int | float) and math.isfinite(at)):
        raise UsageError(f"a run cannot be forked at {at!r}; give a time in simulated seconds")
    loaded = remembering(run, at, loaded, remember)
    timeline = before.switched(ScenarioSwitch(at, loaded.scenario), loaded.modules)
    models = choose_recorded_models(run, loaded.scenario, options.models)
    plan = replace(
        plan_of_options(loaded.scenario, models, options, run.path.parent, before=run.manifest),
        source=loaded.source,
        parameters=loaded.parameters,
        recipe=loaded.recipe,
    )
    check_switches(timeline.start, timeline.switches)
    _check_forkable(run, at)
    plan = with_prepared_models(plan, report)
    relations = run.manifest.relations  # the verbs of `run` are in the tables of the fork too
    directory = create_run(plan, parent=run.path.name, parent_until=at, relations=relations)
    child = Run(directory.path, directory.manifest)
    return replace(
        plan,
        scenario=timeline.start,
        modules=timeline.modules,
        into=directory,
        continuation=timeline.continuation(child),
    )


def _check_forkable(run: Run, at: Seconds) -> None:
    """Raise UsageError for a copy of a mirror, or if the record of a run ends before `at`.

    Raises RecordError while a process runs it.
    """
    check_no_copy(run.path)
    check_unlocked(run.path)
    if run.manifest.state is State.COMPLETED:
        return
    if (end := reached(run)) < at:
        raise UsageError(
            f"{run.id} got as far as {format_time(end)}; resume it first, or fork it earlier "
            f"than {format_time(at)}"
        )
