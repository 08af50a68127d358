"""Plans a new run."""

from dataclasses import replace

from simnet.runs.demand import ray_wanted
from simnet.runs.model_selection import choose_models
from simnet.runs.options import RunOptions
from simnet.runs.plan import RunPlan
from simnet.runtime.models import check_models, models_by_name
from simnet.scenario.expected_turns import check_most_turns
from simnet.scenario.loading import Loaded
from simnet.scenario.scenario import Scenario


def from_python(scenario: Scenario, seed: int | None = None) -> Loaded:
    """Return a scenario that is from no file, with another seed if one is given."""
    if seed is not None:
        scenario = replace(scenario, seed=seed)
    return Loaded(scenario, source=None, attribute="", parameters={}, modules=())


def start_plan(loaded: Loaded, options: RunOptions) -> RunPlan:
    """Plan a new run of a scenario; all that can be checked before anything starts is checked.

    Raises ScenarioError if more turns are expected than the scenario allows, and what
    `choose_models` and `check_models` raise.
    """
    check_most_turns(loaded.scenario)
    models = choose_models(loaded.scenario, options.models)
    check_models(loaded.scenario, models_by_name(*models), ray=options.ray)
    return RunPlan(
        scenario=loaded.scenario,
        backend=models.default,
        models=models.further,
        root=options.out,
        ray=ray_wanted(
            loaded.scenario, models_by_name(*models), ray=options.ray, placed=options.placed
        ),
        address=options.address,
        personas_per_actor=options.personas_per_actor,
        budget=options.budget,
        source=loaded.source,
        parameters=loaded.parameters,
        recipe=loaded.recipe,
        modules=loaded.modules,
    )
