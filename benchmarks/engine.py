"""Agent turns a second through the real Ray actors, with a model that costs nothing.

Every turn is whole: a feed of ten posts ranked for the one who looks, a prompt, a grammar, a
reply parsed, the world changed, events, calls and exposures recorded and on disk.

* packed: `--sizes` personas in packed actors; turns/s, turns for each list on each hop, CPU
  microseconds a turn by process, and the rate of the last tenth against that of the first;
* literal: 50 personas, an actor each;
* kernel: heap, feeds and world in one process, with decisions made up;
* latency: one idle agent's turn from its wake to its landing.

Prints one table and one JSON line. On two cores expect the figures to move by a third from run
to run; compare what one run measured.
"""

import argparse
import asyncio
import json
import statistics
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from simnet import Cohort, Exponential, Like, Pass, Prompt, Reply, Scenario, Steps, Write, sample
from simnet.agents.agent import Decision
from simnet.engine.kernel import Kernel, Status
from simnet.engine.news import Progress
from simnet.engine.run import Launch, Outcome, launch
from simnet.engine.stage import Silent
from simnet.inference.backend import Backend
from simnet.world.posts import View

MEAN, REACTS_IN = 200.0, 1000.0
"""Simulated seconds between looking, and from looking to acting: five in six think at once."""
FOLLOWEES = 25
LOOKED_EVERY = 3.0
"""Wall seconds between two looks at the processes."""
PARTS = {
    "ray::SchedulerActor": "scheduler",
    "ray::PersonaAgents": "agents",
    "ray::LlmServer": "model",
    "ray::RecordKeeper": "record",
}
SAID = (
    "write: The bus was late again and nobody at the stop was surprised.",
    "reply 1: That is not how I remember it, but I see what you mean.",
    "like 1",
    "repost 1",
    "pass",
)


def instant(prompt: Prompt) -> str:
    """Reply at once, with one of a few actions that the prompt allows."""
    said = SAID[prompt.seed % len(SAID)]
    return said if "1" not in said or "(1" in (prompt.pattern or "") else "pass"


def ties(handles: Sequence[str], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Let everyone follow 25 others, drawn evenly."""
    count = len(handles)
    drawn = np.random.default_rng(seed).integers(0, count, count * FOLLOWEES, dtype=np.int32)
    return np.repeat(np.arange(count, dtype=np.int32), FOLLOWEES), drawn


def town(people: int, turns: int) -> Scenario:
    """Make people who all look, at random times, until there were about so many turns."""
    crowd = Cohort("people", sample(people), rhythm=Exponential(MEAN), reacts_in=REACTS_IN)
    lasts = max(turns / people * (MEAN + REACTS_IN), MEAN)
    return Scenario("town", [crowd], ties=ties, lasts=lasts, seed=7)


class Watching(Silent):
    """Notes how far the run was when, and what its processes have used."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, int]] = []
        self.cpu: dict[int, tuple[str, float, float]] = {}
        self._looked = 0.0

    def progress(self, progress: Progress) -> None:
        """Note it."""
        self.seen.append((progress.elapsed, progress.ledger.planned - progress.ledger.open))
        if progress.elapsed - self._looked < LOOKED_EVERY:
            return  # looking at processes costs what it measures
        self._looked = progress.elapsed
        for process in psutil.process_iter(["name", "cpu_times", "memory_full_info"]):
            part = next((PARTS[p] for p in PARTS if process.info["name"].startswith(p)), None)
            if part is not None and process.info["memory_full_info"] is not None:
                used = process.info["cpu_times"].user + process.info["cpu_times"].system
                held = process.info["memory_full_info"].uss
                self.cpu[process.pid] = (part, used, held)

    def rate(self, start: float, end: float) -> float:
        """Work out the turns a second between two shares of the run."""
        last = self.seen[-1][1]
        begin = min(self.seen, key=lambda one: abs(one[1] - start * last))
        stop = min(self.seen, key=lambda one: abs(one[1] - end * last))
        return (stop[1] - begin[1]) / (stop[0] - begin[0]) if stop[0] > begin[0] else 0.0


class Figures(NamedTuple):
    """What was measured of one run."""

    people: int
    actors: int
    turns: int
    seconds: float
    turns_per_s: float
    last_tenth: float
    """Rate of the last tenth over that of the tenth after the first."""
    turns_per_list: dict[str, float]
    cpu_us: dict[str, float]
    """CPU microseconds a turn, by process, its start included."""
    bytes_per_persona: float


def packed(people: int, turns: int, per_actor: int | None = None) -> Figures:
    """Run a town through Ray; `per_actor` None leaves the packing to simnet."""
    watching = Watching()
    backend = Backend(kind="fake", model="instant", reply=instant)
    with TemporaryDirectory() as folder:
        plan = Launch(
            town(people, turns), backend, Path(folder), personas_per_actor=per_actor or "auto"
        )
        outcome = asyncio.run(launch(plan, watching))
    return figures(people, outcome, watching)


def figures(people: int, outcome: Outcome, watching: Watching) -> Figures:
    """Work out what a run shows."""
    progress = outcome.finish.progress
    turns = progress.ledger.planned
    parts = dict.fromkeys(PARTS.values(), 0.0)
    for part, used, _ in watching.cpu.values():
        parts[part] += used
    lists = {"views": progress.sends, "prompts": progress.usage.asks, "rows": progress.writes}
    held = sum(size for _, _, size in watching.cpu.values())
    return Figures(
        people,
        sum(part == "agents" for part, _, _ in watching.cpu.values()),
        turns,
        progress.elapsed,
        turns / progress.elapsed,
        watching.rate(0.9, 1.0) / max(watching.rate(0.1, 0.2), 1e-9),
        {name: turns / max(count, 1) for name, count in lists.items()},
        {part: 1e6 * used / turns for part, used in parts.items()},
        held / people,
    )


def kernel(people: int, turns: int) -> float:
    """Events a second of heap, feeds and world alone, with decisions made up."""
    core = Kernel(town(people, turns))
    began = perf_counter()
    while core.advance(256) is not Status.DONE:
        views, core.views = core.views, []
        core.deliver([decided(view) for view in views])
        core.events, core.showings = [], []
    return core.ledger().events / (perf_counter() - began)


def decided(view: View) -> Decision:
    """Write, like, reply and pass in equal parts."""
    match view.seed % 4:
        case 0:
            action = Write("The bus was late again and nobody was surprised.")
        case 1 if view.posts:
            action = Like(view.posts[0].id)
        case 2 if view.posts:
            action = Reply(view.posts[-1].id, "That is not how I remember it.")
        case _:
            action = Pass()
    return Decision(view.who, view.turn, (action,))


def latency(turns: int = 400) -> float:
    """Median milliseconds of one idle agent's turn, from wake to landing, through Ray."""
    alone = Cohort("alone", sample(1), rhythm=Steps(60.0), reacts_in=30.0)
    watching = Watching()
    with TemporaryDirectory() as folder:
        backend = Backend(kind="fake", model="instant", reply=instant)
        scenario = Scenario("alone", [alone], lasts=turns * 60.0)
        outcome = asyncio.run(launch(Launch(scenario, backend, Path(folder)), watching))
    seen = watching.seen
    steps = [(b[0] - a[0]) / (b[1] - a[1]) for a, b in pairwise(seen) if b[1] > a[1]]
    return (
        1e3 * statistics.median(steps) if steps else 1e3 * outcome.finish.progress.elapsed / turns
    )


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--sizes", type=int, nargs="+", default=[100, 1_000, 10_000, 100_000])
    options.add_argument("--turns", type=int, default=100_000)
    options.add_argument("--literal", type=int, default=50, help="personas with an actor each")
    asked = options.parse_args()
    runs = [packed(people, asked.turns) for people in asked.sizes]
    runs.append(packed(asked.literal, 6_000, per_actor=1))
    alone = latency()
    core = {people: kernel(people, asked.turns) for people in (1_000, 100_000)}
    report(runs, alone, core)


def report(runs: Sequence[Figures], alone: float, core: dict[int, float]) -> None:
    table = Table(title="agent turns a second, model at no cost, everything recorded")
    for column in ("personas", "actors", "turns", "turns/s", "last tenth", "views", "prompts"):
        table.add_column(column, justify="right")
    for column in ("rows", *(f"{part} us" for part in PARTS.values()), "bytes/persona"):
        table.add_column(column, justify="right")
    for run in runs:
        table.add_row(
            *(f"{run.people:,}", str(run.actors), f"{run.turns:,}", f"{run.turns_per_s:,.0f}"),
            f"{run.last_tenth:.2f} x",
            *(f"{count:,.0f}" for count in run.turns_per_list.values()),
            *(f"{used:.0f}" for used in run.cpu_us.values()),
            f"{run.bytes_per_persona:,.0f}",
        )
    console = Console()
    console.print(table)
    console.print("views, prompts, rows: turns for each list sent on that hop")
    console.print(f"one idle agent's turn: {alone:.1f} ms")
    for people, rate in core.items():
        console.print(f"kernel alone, {people:,} personas: {rate:,.0f} events/s")
    facts = {"benchmark": "engine", "runs": [run._asdict() for run in runs]}
    facts |= {"idle_turn_ms": alone, "kernel_events_per_s": core}
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
