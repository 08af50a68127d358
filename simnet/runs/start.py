"""Plans a new run."""

from dataclasses import replace

from simnet.inference.backend import Backend
from simnet.recording.reading.folders import check_free
from simnet.recording.reading.run import Run
from simnet.runs.models.model_selection import choose_models, choose_recorded_models
from simnet.runs.option_plan import plan_of_options
from simnet.runs.options.options import RunOptions
from simnet.runs.plans.plan import RunPlan
from simnet.runtime.capacity import check_fits, machine, need_of, place_here
from simnet.runtime.models import check_models, models_by_name
from simnet.scenario.files.loading import Loaded
from simnet.scenario.forecast.expected_turns import check_startable
from simnet.scenario.scenario import Scenario


def start_plan(loaded: Loaded, options: RunOptions, like: Run | None = None) -> RunPlan:
    """Plan a new run of a scenario; all that can be checked before anything starts is checked.

    It has the models of the run `like`, if there is one, where the options name no other. Raises
    ScenarioError if more turns are expected than the scenario allows, UsageError if there is a run
    of the id that was asked for, and what `choose_models` and `check_models` raise.
    """
    check_startable(loaded.scenario)
    if options.run_id is not None:
        check_free(options.out, options.run_id)
    on_cluster = options.cluster_address is not None  # which is asked once there is one
    if not options.force and not on_cluster:
        check_capacity(loaded.scenario, options)
    if like is None:
        models = choose_models(loaded.scenario, options.models)
    else:
        models = choose_recorded_models(like, loaded.scenario, options.models)
    check_models(loaded.scenario, models_by_name(*models), ray=options.ray)
    return replace(
        plan_of_options(loaded.scenario, models, options, options.out),
        run_id=options.run_id,
        source=loaded.source,
        parameters=loaded.parameters,
        recipe=loaded.recipe,
        modules=loaded.modules,
    )


def check_capacity(scenario: Scenario, options: RunOptions) -> None:
    """Raise ScenarioError if this machine has not what a run needs."""
    local = options.ray is False or not isinstance(options.models.model, str | Backend | None)
    placement = None
    if not local:
        placement = place_here(scenario, options.personas_per_actor)
    literal = options.personas_per_actor != "auto"
    check_fits(scenario.name, need_of(scenario, placement), machine(), literal=literal)
