"""Plans a new run."""

from simnet.inference.backend import Backend
from simnet.recording.reading.folders import check_free
from simnet.runs.models.model_selection import choose_models
from simnet.runs.options.mirror_settings import read_mirror
from simnet.runs.options.options import RunOptions
from simnet.runs.people.humans_of_run import choose_humans
from simnet.runs.plans.demand import ray_wanted
from simnet.runs.plans.plan import RunPlan
from simnet.runtime.capacity import check_fits, machine, need_of, place_here
from simnet.runtime.models import check_models, models_by_name
from simnet.scenario.files.loading import Loaded
from simnet.scenario.forecast.expected_turns import check_startable
from simnet.scenario.scenario import Scenario
from simnet.scheduler.failures.code_errors import read_on_error
from simnet.scheduler.prefetch.prefetch_settings import read_mode


def start_plan(loaded: Loaded, options: RunOptions) -> RunPlan:
    """Plan a new run of a scenario; all that can be checked before anything starts is checked.

    Raises ScenarioError if more turns are expected than the scenario allows, UsageError if there
    is a run of the id that was asked for, and what `choose_models` and `check_models` raise.
    """
    check_startable(loaded.scenario)
    if options.run_id is not None:
        check_free(options.out, options.run_id)
    on_cluster = options.cluster_address is not None  # which is asked once there is one
    if not options.force and not on_cluster:
        check_capacity(loaded.scenario, options)
    models = choose_models(loaded.scenario, options.models)
    check_models(loaded.scenario, models_by_name(*models), ray=options.ray)
    return RunPlan(
        scenario=loaded.scenario,
        backend=models.default,
        models=models.further,
        root=options.out,
        run_id=options.run_id,
        ray=ray_wanted(
            loaded.scenario, models_by_name(*models), ray=options.ray, placed=options.placed
        ),
        address=options.cluster_address,
        wishes=options.wishes,
        personas_per_actor=options.personas_per_actor,
        budget=options.budget,
        force=options.force,
        on_error=read_on_error(options.on_error) or "stop",
        source=loaded.source,
        parameters=loaded.parameters,
        recipe=loaded.recipe,
        modules=loaded.modules,
        humans=choose_humans(loaded.scenario, options),
        prefetch=read_mode(options.prefetch),
        kept=options.models.kept,
        mirror=read_mirror(options.mirror, options.mirror_every),
        track=options.track,
        trace_turns=options.trace_turns,
    )


def check_capacity(scenario: Scenario, options: RunOptions) -> None:
    """Raise ScenarioError if this machine has not what a run needs."""
    local = options.ray is False or not isinstance(options.models.model, str | Backend | None)
    placement = None
    if not local:
        placement = place_here(scenario, options.personas_per_actor)
    literal = options.personas_per_actor != "auto"
    check_fits(scenario.name, need_of(scenario, placement), machine(), literal=literal)
