"""Gathers the options of a run from the arguments of a function that are named like them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from simnet.recording.reading.folders import RUNS, expanded
from simnet.runs.options.options import ModelOptions, RunOptions
from simnet.scheduler.budget import Budget

_CLUSTER = ("address", "agents_on", "engines_on", "wait_for_resources", "min_replicas")


def options_of(arguments: Mapping[str, Any]) -> RunOptions:
    """Gather the options of a run from the arguments of a function, which are named like them."""
    names = {one.name for one in fields(ModelOptions)} & set(arguments)
    models = {name: arguments[name] for name in names}
    tokens, calls, minutes = (arguments[f"max_{name}"] for name in ("tokens", "calls", "minutes"))
    return RunOptions(
        models=ModelOptions(**models),
        out=expanded(arguments.get("out", RUNS)),
        run_id=arguments.get("run_id"),
        ray=arguments["ray"],
        **{name: arguments[name] for name in _CLUSTER},
        personas_per_actor=arguments["personas_per_actor"],
        budget=Budget(tokens, calls, minutes, not arguments["accept_failures"]),
        on_error=arguments["on_error"],
        force=arguments["force"],
        humans=arguments["humans"],
        human_deadline=arguments["human_deadline"],
        prefetch=arguments["prefetch"],
        mirror=arguments["mirror"],
        mirror_every=arguments["mirror_every"],
        track=arguments["track"],
        trace_turns=arguments["trace_turns"],
    )
