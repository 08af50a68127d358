"""The command that says what a run of a scenario would be, without starting anything."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simnet.cli.options import read_per_actor
from simnet.clock import format_time
from simnet.runtime.models import DEFAULT
from simnet.runtime.placement import place
from simnet.scenario.cohort import Cohort
from simnet.scenario.expected_turns import check_most_turns, expect
from simnet.scenario.loading import Loaded, load_scenario
from simnet.scenario.rhythms import Rhythm
from simnet.scenario.scenario import Scenario
from simnet.world.feeds.feed import Feed


def validate(
    target: str, sets: Sequence[str], seed: int | None, per_actor: str, *, as_json: bool
) -> None:
    """Load and check a scenario and print its plan. Raises what `load_scenario` raises."""
    loaded = load_scenario(target, sets, seed)
    check_most_turns(loaded.scenario)
    plan = _plan(loaded, per_actor)
    if as_json:
        sys.stdout.write(json.dumps(plan, ensure_ascii=False) + "\n")
    else:
        _print(plan, Console())


def _plan(loaded: Loaded, per_actor: str) -> dict[str, Any]:
    scenario = loaded.scenario
    expected = expect(scenario)
    placement = place(scenario, read_per_actor(per_actor), os.cpu_count() or 1)
    return {
        "scenario": scenario.name,
        "source": str(loaded.source) if loaded.source else None,
        "attribute": loaded.attribute,
        "parameters": dict(loaded.parameters),
        "seed": scenario.seed,
        "lasts": scenario.lasts,
        "personas": sum(len(cohort.personas) for cohort in scenario.cohorts),
        "cues": len(scenario.cues),
        "turns": {"expected": round(expected.turns, 1), "at_least": expected.at_least},
        "placement": placement.describe(),
        "cohorts": [_cohort(scenario, cohort) for cohort in scenario.cohorts],
    }


def _cohort(scenario: Scenario, cohort: Cohort) -> dict[str, Any]:
    return {
        "name": cohort.name,
        "size": len(cohort.personas),
        "verbs": [verb.verb for verb in cohort.verbs],
        "model": cohort.model,
        "rhythm": _rhythm(cohort.rhythm),
        "feed": _feed(scenario.feed_of(cohort)),
    }


def _feed(feed: Feed) -> str:
    ranking, source = (getattr(part, "__name__", repr(part)) for part in (feed.ranking, feed.reads))
    return f"{feed.size} of {source}, {ranking}"


def _rhythm(rhythm: Rhythm) -> str:
    """Write a rhythm as its name and what is not as by default."""
    if not is_dataclass(rhythm):
        return type(rhythm).__name__
    told = [
        f"{field.name}={_setting(value)}"
        for field in fields(rhythm)
        if field.repr and (value := getattr(rhythm, field.name)) != field.default
    ]
    return f"{type(rhythm).__name__}({', '.join(told)})"


def _setting(value: object) -> str:
    match value:
        case float() | int():
            return f"{value:g} s"
        case frozenset():
            return "+".join(sorted(value)) or "nothing"
        case list() | tuple():
            return f"{len(value)} turns"
    return repr(value)


def _print(plan: dict[str, Any], console: Console) -> None:
    turns = plan["turns"]
    many = f"{'at least' if turns['at_least'] else 'about'} {turns['expected']:,.0f}"
    console.print(Text(f"{plan['scenario']} holds together", "bold green"))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    parameters = ", ".join(f"{name}={value}" for name, value in plan["parameters"].items())
    for name, value in (
        ("source", f"{plan['source'] or ''}:{plan['attribute']}"),
        ("parameters", parameters or "none"),
        ("seed", plan["seed"]),
        ("lasts", format_time(plan["lasts"])),
        ("personas", f"{plan['personas']:,}"),
        ("cues", f"{plan['cues']:,}"),
        ("turns", many),
        ("actors", plan["placement"]),
    ):
        grid.add_row(name, Text(str(value)))
    console.print(grid)
    table = Table(box=None, pad_edge=False, header_style="bold")
    models = ["model"] if any(cohort["model"] for cohort in plan["cohorts"]) else []
    for heading in ("cohort", "size", *models, "verbs", "rhythm", "feed"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "size" else "left")
    for cohort in plan["cohorts"]:
        verbs = ", ".join(cohort["verbs"])
        named = [cohort["model"] or DEFAULT for _ in models]
        cells = (cohort["name"], f"{cohort['size']:,}", *named, verbs, cohort["rhythm"])
        cells += (cohort["feed"],)
        table.add_row(*(Text(cell) for cell in cells))
    console.print()
    console.print(table)
