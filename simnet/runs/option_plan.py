"""The part of a plan that the options of a run decide, alike for a new run, a fork and a resume."""

from pathlib import Path

from simnet.recording.files.manifest import HumanFacts, Manifest
from simnet.runs.models.model_selection import ChosenModels
from simnet.runs.options.mirror_settings import read_mirror
from simnet.runs.options.options import RunOptions
from simnet.runs.people.humans_of_run import choose_humans
from simnet.runs.plans.demand import ray_wanted
from simnet.runs.plans.plan import RunPlan
from simnet.runtime.models import models_by_name
from simnet.scenario.scenario import Scenario
from simnet.scheduler.failures.code_errors import read_on_error
from simnet.scheduler.prefetch.prefetch_settings import read_mode


def plan_of_options(
    scenario: Scenario,
    models: ChosenModels,
    options: RunOptions,
    root: Path,
    *,
    before: Manifest | None = None,
    humans: HumanFacts | None = None,
) -> RunPlan:
    """Plan what options say of a run of `scenario` with a directory in `root`.

    What they leave open is as in `before`, the manifest of the run that goes on, and in `humans`,
    its people. Raises UsageError for options that cannot be.
    """
    return RunPlan(
        scenario=scenario,
        backend=models.default,
        models=models.further,
        root=root,
        ray=ray_wanted(scenario, models_by_name(*models), ray=options.ray, placed=options.placed),
        address=options.cluster_address,
        wishes=options.wishes,
        personas_per_actor=options.personas_per_actor,
        budget=options.budget,
        force=options.force,
        on_error=read_on_error(options.on_error) or (before.on_error if before else "stop"),
        humans=choose_humans(scenario, options, humans),
        prefetch=read_mode(options.prefetch),
        kept=options.models.kept,
        mirror=read_mirror(options.mirror, options.mirror_every, before),
        track=options.track,
        trace_turns=options.trace_turns,
    )
