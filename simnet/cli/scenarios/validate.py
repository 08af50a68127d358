"""`simnet validate` checks a scenario and prints what a run of it would be."""

import asyncio
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import typer

from simnet.agents.behaviours.standard import converse
from simnet.cli.cluster_options import ClusterFlags
from simnet.cli.option_groups import expand_groups
from simnet.cli.options import (
    AsJson,
    Force,
    ModelFlags,
    PerActor,
    Seed,
    Sets,
    Target,
    read_per_actor,
)
from simnet.cli.output import print_error, print_json
from simnet.cli.table_layout import print_pairs, print_rows
from simnet.clock import format_time
from simnet.foundation.code_names import describe as describe_code
from simnet.foundation.text import counted, visible
from simnet.runtime.capacity import Need, check_fits, describe, machine, need_of, place_here
from simnet.runtime.models import DEFAULT
from simnet.runtime.placement import PersonasPerActor, Placement
from simnet.scenario.cohort import Cohort
from simnet.scenario.files.loading import Loaded, load_scenario
from simnet.scenario.forecast.doubts import doubts
from simnet.scenario.forecast.expected_answers import expected_answers
from simnet.scenario.forecast.expected_turns import check_startable, expect
from simnet.scenario.scenario import Scenario
from simnet.scenario.timing.rhythms import Rhythm
from simnet.world.feeds.feed import Feed

if TYPE_CHECKING:
    from simnet.runs.cluster.cluster_forecast import ClusterForecast

CONVERSE = describe_code(converse)
"""The behaviour of cohorts that name none."""
MOST_SHOWN = 8
"""Interventions that are written out."""


app = typer.Typer(rich_markup_mode=None)


@app.command()
@expand_groups
def validate(
    target: Target,
    models: ModelFlags,
    cluster: ClusterFlags,
    sets: Sets = None,
    seed: Seed = None,
    personas_per_actor: PerActor = "auto",
    as_json: AsJson = False,
    force: Force = False,
) -> None:
    """Check a scenario and show what a run of it would be; starts nothing.

    With --address it shows the nodes of the cluster, and where engines and actors would be.
    """
    loaded = load_scenario(target, sets or (), seed)
    per_actor = read_per_actor(personas_per_actor)
    scenario = loaded.scenario
    placement = place_here(scenario, per_actor)
    need = need_of(scenario, placement)
    if not force:
        check_fits(scenario.name, need, machine(), literal=per_actor != "auto")
    check_startable(scenario)
    plan = _plan(loaded, placement, need)
    there = _on_cluster(loaded, models, cluster, per_actor) if cluster.address else None
    if as_json:
        print_json(plan | ({"cluster": there.as_json()} if there else {}))
    else:
        _print(plan, there.as_lines() if there else {})
        for doubt in plan["warnings"]:
            print_error(f"warning: {doubt}")


def _plan(loaded: Loaded, placement: Placement, need: Need) -> dict[str, Any]:
    scenario = loaded.scenario
    expected = expect(scenario)
    return {
        "scenario": scenario.name,
        "source": str(loaded.source) if loaded.source else None,
        "attribute": loaded.attribute,
        "parameters": dict(loaded.parameters),
        "seed": scenario.seed,
        "lasts": scenario.lasts,
        "personas": sum(len(cohort.personas) for cohort in scenario.cohorts),
        "cues": len(scenario.cues),
        "interventions": [str(one) for one in scenario.interventions],
        "ties": describe_code(scenario.ties) if callable(scenario.ties) else None,
        "turns": {"expected": round(expected.turns, 1), "at_least": expected.at_least},
        "survey_calls": expected_answers(scenario).total(),
        "placement": placement.describe(),
        "needs": {
            "memory": round(need.memory),
            "processes": need.actors,
            "descriptors": need.descriptors,
            "ties": round(need.ties),
            "words": describe(need),
        },
        "cohorts": [_cohort(scenario, cohort) for cohort in scenario.cohorts],
        "warnings": doubts(scenario),
    }


def _cohort(scenario: Scenario, cohort: Cohort) -> dict[str, Any]:
    return {
        "name": cohort.name,
        "size": len(cohort.personas),
        "verbs": [verb.verb for verb in cohort.verbs],
        "model": cohort.model,
        "rhythm": _rhythm(cohort.rhythm),
        "feed": _feed(scenario.feed_of(cohort)),
        "behaviour": describe_code(cohort.behaviour),
    }


def _feed(feed: Feed) -> str:
    return f"{feed.size} of {describe_code(feed.reads)}, {describe_code(feed.ranking)}"


def _rhythm(rhythm: Rhythm) -> str:
    """Write a rhythm as its name and the settings that differ from the default."""
    if not is_dataclass(rhythm):
        return type(rhythm).__name__
    settings = [
        f"{field.name}={_setting(value)}"
        for field in fields(rhythm)
        if field.repr and (value := getattr(rhythm, field.name)) != field.default
    ]
    return f"{type(rhythm).__name__}({', '.join(settings)})"


def _setting(value: object) -> str:
    match value:
        case float() | int():
            return f"{value:g} s"
        case frozenset():
            return "+".join(sorted(value)) or "nothing"
        case list() | tuple():
            return counted(len(value), "turn")
    return describe_code(value)


def _on_cluster(
    loaded: Loaded, models: ModelFlags, cluster: ClusterFlags, per_actor: PersonasPerActor
) -> "ClusterForecast":
    """Look at the cluster on which the scenario would be run."""
    from simnet.runs.cluster.cluster_forecast import forecast_cluster  # noqa: PLC0415  (slow)
    from simnet.runs.options.options import RunOptions  # noqa: PLC0415  (slow)
    from simnet.runs.start import start_plan  # noqa: PLC0415  (slow)

    options = RunOptions(models=models.read(), personas_per_actor=per_actor, **cluster.cluster)
    plan = start_plan(loaded, options)
    return asyncio.run(forecast_cluster(plan))


def _print(plan: dict[str, Any], cluster: dict[str, str]) -> None:
    from rich.text import Text  # noqa: PLC0415

    from simnet.cli.display.lasting_console import ClosableConsole  # noqa: PLC0415

    console = ClosableConsole()
    console.print(Text(visible(f"{plan['scenario']} holds together"), "bold green"))
    print_pairs(console, {name: visible(value) for name, value in (_facts(plan) | cluster).items()})
    console.print()
    headings = ["cohort", "size", "verbs", "rhythm", "feed"]
    if any(cohort["model"] for cohort in plan["cohorts"]):
        headings.insert(2, "model")
    if any(cohort["behaviour"] != CONVERSE for cohort in plan["cohorts"]):
        headings.append("behaviour")
    cells = [_cells(cohort) for cohort in plan["cohorts"]]
    rows = [[cell[heading] for heading in headings] for cell in cells]
    print_rows(console, headings, rows, numbers={"size"})


def _facts(plan: dict[str, Any]) -> dict[str, str]:
    turns = plan["turns"]
    parameters = ", ".join(f"{name}={value}" for name, value in plan["parameters"].items())
    return {
        "source": f"{plan['source'] or ''}:{plan['attribute']}",
        "parameters": parameters or "none",
        "seed": str(plan["seed"]),
        "lasts": format_time(plan["lasts"]),
        "personas": f"{plan['personas']:,}",
        "cues": f"{plan['cues']:,}",
        **_interventions(plan["interventions"]),
        "turns": f"{'at least' if turns['at_least'] else 'about'} {turns['expected']:,.0f}",
        **_surveys(plan["survey_calls"]),
        **({"ties": plan["ties"]} if plan["ties"] else {}),
        "actors": plan["placement"],
        "needs": plan["needs"]["words"],
    }


def _surveys(calls: int) -> dict[str, str]:
    return {"surveys": f"at least {counted(calls, 'call')}"} if calls else {}


def _interventions(lines: list[str]) -> dict[str, str]:
    """Show the first interventions, a line each."""
    if not lines:
        return {}
    left = [f"and {len(lines) - MOST_SHOWN:,} more"] if len(lines) > MOST_SHOWN else []
    return {"interventions": "; ".join([*lines[:MOST_SHOWN], *left])}


def _cells(cohort: dict[str, Any]) -> dict[str, str]:
    return {
        "cohort": cohort["name"],
        "size": f"{cohort['size']:,}",
        "model": cohort["model"] or DEFAULT,
        "verbs": ", ".join(cohort["verbs"]),
        "rhythm": cohort["rhythm"],
        "feed": cohort["feed"],
        "behaviour": cohort["behaviour"],
    }
