"""What `simnet resume` and `simnet fork` do."""

import sys
from collections.abc import Mapping
from dataclasses import replace

from simnet.cli.opening import open_run
from simnet.cli.run import Order, means, perform, read_also, read_per_actor
from simnet.clock import format_time, parse_duration
from simnet.errors import UsageError
from simnet.recording.reading.run import Run
from simnet.runs.model_selection import ModelChoice, choose_models_of
from simnet.runs.plan import RunPlan
from simnet.runs.reload_scenario import reload, timeline_of
from simnet.runs.resume import check_resumable, fork_plan, resume_plan
from simnet.runtime.models import prepare_models
from simnet.scenario.loading import Loaded, load_scenario
from simnet.scenario.parameters import split_settings
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch
from simnet.scheduler.continuation import last_scenario


def carry_on(order: Order) -> int:
    """Resume the run that `order.target` names and return the exit code."""
    run = open_run(order.target, order.runs)
    check_resumable(run)
    per_actor = read_per_actor(order.personas_per_actor)
    timeline = timeline_of(run)
    options = {"address": order.address, "personas_per_actor": per_actor}
    choice = choose_anew(run, last_scenario(timeline.start, timeline.continuation(run)), order)
    plan = resume_plan(run, timeline, choice.default, models=choice.further, **options)
    return perform(plan, last_scenario(plan.scenario, plan.continuation), order)


def branch_off(name: str, at: str, order: Order) -> int:
    """Fork the run `name` at a time and return the exit code; `order.target` may be empty."""
    run = open_run(name, order.runs)
    per_actor = read_per_actor(order.personas_per_actor)
    moment = _moment(at)
    loaded = _changed(run, order)
    timeline = timeline_of(run).at(ScenarioSwitch(moment, loaded.scenario), loaded.modules)
    choice = choose_anew(run, loaded.scenario, order)
    found = prepare_models(loaded.scenario, *choice, _tell)
    plan = RunPlan(
        scenario=loaded.scenario,
        backend=found.pop(None, choice.default),
        models={name: one for name, one in found.items() if name is not None},
        address=order.address,
        personas_per_actor=per_actor,
        source=loaded.source,
        parameters=loaded.parameters,
        recipe=loaded.recipe,
    )
    if not order.quiet and not order.as_json:
        _tell(f"{run.id} until {format_time(moment)}, then {loaded.scenario.name}")
    return perform(fork_plan(run, timeline, plan), loaded.scenario, order)


def _changed(run: Run, order: Order) -> Loaded:
    """Load what the run becomes; without a seed given, chance stays the same."""
    facts = run.manifest.scenario
    if order.target:
        target, sets = order.target, order.sets
    else:
        own = reload(run)
        assert facts is not None
        settings: Mapping[str, str] = split_settings(facts.sets) | split_settings(order.sets)
        target = f"{own.source}:{own.attribute}"
        sets = tuple(f"{name}={value}" for name, value in settings.items())
    seed = order.seed if order.seed is not None else (facts.seed if facts else None)
    loaded = load_scenario(target, sets, seed)
    same = run.manifest.seed
    if order.seed is None and same is not None and loaded.scenario.seed != same:
        scenario = replace(loaded.scenario, seed=same)
        recipe = {**loaded.recipe, "seed": same}
        return replace(loaded, scenario=scenario, recipe=recipe)
    return loaded


def choose_anew(run: Run, scenario: Scenario, order: Order) -> ModelChoice:
    """Choose the models that a run had, with what the command line asks for besides."""
    return choose_models_of(run, scenario, order.model, read_also(order.also), means(order))


def _moment(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--at {text}: {error}") from error


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
