"""The command that runs a scenario."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from simnet import log
from simnet.cli.display.live import Display, display
from simnet.cli.display.log_lines import LogLines
from simnet.cli.display.pace import Pace
from simnet.errors import UsageError
from simnet.inference.embedded import NAME
from simnet.inference.endpoint import Endpoint
from simnet.inference.settings import EngineSettings
from simnet.runs.launcher import launch
from simnet.runs.model_selection import ModelChoice, ModelOptions, choose_models
from simnet.runs.plan import RunPlan, RunResult
from simnet.runs.reload_scenario import timeline_of
from simnet.runs.resume import find_unfinished, resume_plan
from simnet.runtime.models import check_models, models_by_name
from simnet.runtime.placement import PersonasPerActor, active_handles
from simnet.scenario.expected_turns import check_most_turns, expect
from simnet.scenario.loading import load_scenario
from simnet.scenario.scenario import Scenario
from simnet.scheduler.budget import SPENT, UNLIMITED, Budget
from simnet.scheduler.messages import Progress

WATCHED = 100
"""Up to this many thinking personas, posts are printed as they land."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the command line asked for."""

    target: str
    sets: tuple[str, ...] = ()
    seed: int | None = None
    model: str | None = None
    backend: str | None = None
    base_url: str | None = None
    adapters: tuple[str, ...] = ()
    """NAME=FOLDER each."""
    also: tuple[str, ...] = ()
    """Further models, NAME=MODEL each."""
    replicas: int | None = None
    address: str | None = None
    runs: Path = Path("runs")
    personas_per_actor: str = "auto"
    watch: bool | None = None
    as_json: bool = False
    quiet: bool = False
    log_level: log.Level | None = None
    resume_if_exists: bool = False
    budget: Budget = UNLIMITED


def carry_out(order: Order) -> int:
    """Run the scenario and return the exit code.

    All that can be wrong with the order is found before anything starts. Raises what
    `load_scenario`, `choose` and `launch` raise.
    """
    if order.as_json and order.quiet:
        raise UsageError("--json and --quiet exclude each other; choose one")
    per_actor = read_per_actor(order.personas_per_actor)
    loaded = load_scenario(order.target, order.sets, order.seed)
    check_most_turns(loaded.scenario)
    choice = choose_ordered(order, loaded.scenario)
    plan = RunPlan(
        scenario=loaded.scenario,
        backend=choice.default,
        root=order.runs,
        address=order.address,
        personas_per_actor=per_actor,
        source=loaded.source,
        parameters=loaded.parameters,
        recipe=loaded.recipe,
        modules=loaded.modules,
        models=choice.further,
    )
    if order.resume_if_exists and (run := find_unfinished(loaded, order.runs)):
        options = {"address": order.address, "personas_per_actor": per_actor}
        plan = resume_plan(run, timeline_of(run), choice.default, models=choice.further, **options)
    return perform(plan, loaded.scenario, order)


def perform(plan: RunPlan, scenario: Scenario, order: Order) -> int:
    """Launch what is planned, show how it goes and return the exit code."""
    shown = _display(order, scenario)
    with (
        log.run_logs(order.log_level or "warning") as logs,
        LogLines(order.log_level) as lines,
        shown,
    ):
        plan = replace(plan, budget=order.budget)
        outcome = asyncio.run(launch(plan, _Logged(shown, logs, lines)))
        shown.finished(outcome)
    return _exit_code(outcome)


def choose_ordered(order: Order, scenario: Scenario) -> ModelChoice:
    """Choose the models that the command line asks for, and check that they will do."""
    choice = choose_models(scenario, order.model, read_also(order.also), means(order))
    check_models(scenario, models_by_name(*choice))
    return choice


def means(order: Order) -> ModelOptions:
    """Read what else has to be known of a backend."""
    adapters = read_adapters(order.adapters)
    settings = EngineSettings(model=NAME, adapters=adapters) if adapters else None
    if settings is not None:
        settings.check()
    endpoint = Endpoint(base_url=order.base_url) if order.base_url is not None else None
    return ModelOptions(order.backend, settings, endpoint, order.replicas)


def read_adapters(given: Sequence[str]) -> dict[str, str]:
    """Read `--adapter` options. Raises UsageError unless each is NAME=FOLDER with a new name."""
    found = _read_named("--adapter", "adapter", "FOLDER", given)
    return {name: str(Path(folder).expanduser().resolve()) for name, folder in found.items()}


def read_also(given: Sequence[str]) -> dict[str, str]:
    """Read `--also` options. Raises UsageError unless each is NAME=MODEL with a new name."""
    return _read_named("--also", "model", "MODEL", given)


def _read_named(option: str, what: str, value: str, given: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        name, equals, told = text.partition("=")
        if not (name and equals and told):
            raise UsageError(f"{option} {text}: give NAME={value}")
        if name in found:
            raise UsageError(f"{option} {text}: there is another {what} {name!r}")
        found[name] = told
    return found


def read_per_actor(text: str) -> PersonasPerActor:
    """Read `--personas-per-actor`. Raises UsageError unless it is `auto` or 1 or more."""
    if text == "auto":
        return "auto"
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"--personas-per-actor {text}: give a whole number from 1, or auto")
    return int(text)


def _display(order: Order, scenario: Scenario) -> Display:
    pace = Pace(scenario.lasts, expect(scenario), len(scenario.cues))
    watch = len(active_handles(scenario)) <= WATCHED if order.watch is None else order.watch
    return display(Console(), pace, watch=watch, as_json=order.as_json, quiet=order.quiet)


def _exit_code(outcome: RunResult) -> int:
    if outcome.signal is not None:
        return 128 + outcome.signal
    return SPENT if outcome.spent is not None else 0


class _Logged:
    """Passes reports on and logs the phases, into the run directory once there is one."""

    def __init__(self, shown: Display, logs: log.RunLogs, lines: LogLines) -> None:
        self._shown = shown
        self._logs = logs
        self._lines = lines
        self._time: dict[str, float] = {}
        self._log = log.get("simnet.run")

    def begun(self, folder: Path) -> None:
        self._logs.open(folder)
        self._lines.follow(folder)
        self._log.info("run begun")
        self._shown.phase(f"the record is {folder}")

    def phase(self, text: str) -> None:
        self._log.info(text, **self._time)
        self._shown.phase(text)

    def progress(self, progress: Progress) -> None:
        self._time = {"now": progress.now}
        self._shown.progress(progress)
