"""Agent turns a second through the real Ray actors, with a model that costs nothing.

Every turn is whole: a feed of ten posts ranked for the one who looks, a prompt, a grammar, a
reply parsed, the world changed, events, calls and exposures recorded and on disk. As many act
in a simulated second whatever the size, so that feeds and lists are alike and a turn of a
million personas can be compared with one of a thousand.

* packed: `--sizes` personas in packed actors;
* delayed: 10,000 personas whose model takes its time, heavy-tailed: a Pareto tail of 1.5 from
  33 milliseconds on, cut off at two seconds as a limit of tokens would;
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
import sys
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

from simnet import (
    Cohort,
    Cue,
    Exponential,
    Like,
    Pass,
    Prompt,
    Reply,
    Run,
    Scenario,
    Steps,
    Write,
    draws,
    sample,
)
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.kernel.kernel import Kernel, Status
from simnet.runs.launcher import RunPlan, launch
from simnet.runtime.base import Silent
from simnet.runtime.ray.gc_tuning import collect_rarely
from simnet.scheduler.messages import Progress
from simnet.world.decision import Decision
from simnet.world.posts import View

MEAN, REACTS_IN = 200.0, 1000.0
"""Simulated seconds between looking, for each 1,000 personas, and from looking to acting."""
FOLLOWEES = 25
AUTHORS = 20
"""One persona in so many has posted before the start, and is followed."""
TAIL, LEAST, MOST = 1.5, 0.033, 2.0
"""Shape of a heavy-tailed delay, its least and its greatest value in seconds."""
LOOKED_EVERY = 1.0
"""Wall seconds between two looks at the processes."""
PROMPT_TEXTS = {
    "ray::SchedulerActor": "scheduler",
    "ray::PersonaAgent": "agents",
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


def heavy(prompt: Prompt) -> float:
    """Draw seconds that the model takes for a prompt."""
    chance = draws.unit(prompt.seed, "delay")
    return min(MOST, LEAST * (1 - chance) ** (-1 / TAIL))


def authors(people: int) -> int:
    """Count those who are followed."""
    return max(people // AUTHORS, 2 * FOLLOWEES)


def ties(handles: Sequence[str], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Let everyone follow 25 authors, drawn evenly."""
    count = len(handles)
    most = min(count, authors(count))
    drawn = np.random.default_rng(seed).integers(0, most, count * FOLLOWEES, dtype=np.int32)
    return np.repeat(np.arange(count, dtype=np.int32), FOLLOWEES), drawn


def town(people: int, turns: int) -> Scenario:
    """Make people who all look, at random times, until there were about so many turns."""
    mean = MEAN * max(1.0, people / 1000)
    crowd = Cohort("people", sample(people), rhythm=Exponential(mean), reacts_in=REACTS_IN)
    known = crowd.personas[: authors(people)]
    cues = [Cue(0.0, one.id, Write("What I saw on the way to work today.")) for one in known]
    lasts = max(turns / people * (mean + REACTS_IN), REACTS_IN)
    return Scenario("town", [crowd], cues, ties=ties, lasts=lasts, seed=7)


class Watching(Silent):
    """Notes how far the run was when, and what its processes have used."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, int]] = []
        self.held: dict[int, int] = {}
        self.spent: list[tuple[int, dict[str, float]]] = []
        """Turns so far, and CPU seconds by part."""
        self._looked = -LOOKED_EVERY

    def progress(self, progress: Progress) -> None:
        """Note it."""
        turns = progress.ledger.planned - progress.ledger.open
        self.seen.append((progress.elapsed, turns))
        if progress.elapsed - self._looked < LOOKED_EVERY:
            return  # looking at processes costs what it measures
        self._looked = progress.elapsed
        spent = dict.fromkeys(PROMPT_TEXTS.values(), 0.0)
        for process in psutil.process_iter(["name", "cpu_times"]):
            part = next(
                (PROMPT_TEXTS[p] for p in PROMPT_TEXTS if process.info["name"].startswith(p)), None
            )
            if part is not None and process.info["cpu_times"] is not None:
                spent[part] += sum(process.info["cpu_times"][:2])
                if process.pid not in self.held or len(self.spent) % 15 == 0:
                    self.held[process.pid] = process.memory_full_info().uss
        self.spent.append((turns, spent))

    def last_tenth(self) -> float | None:
        """Compare the turns a second of the last tenth with those of the second."""
        early, late = self._rate(0.1, 0.2), self._rate(0.9, 1.0)
        return late / early if early else None

    def _rate(self, start: float, end: float) -> float:
        last = self.seen[-1][1]
        begin = min(self.seen, key=lambda one: abs(one[1] - start * last))
        stop = min(self.seen, key=lambda one: abs(one[1] - end * last))
        return (stop[1] - begin[1]) / (stop[0] - begin[0]) if stop[0] > begin[0] else 0.0

    def cpu(self) -> dict[str, float]:
        """Work out CPU microseconds a turn, by part, between the first look and the last."""
        (turns, before), (later, after) = self.spent[0], self.spent[-1]
        done = max(later - turns, 1)
        return {part: 1e6 * (after[part] - before[part]) / done for part in after}


class Figures(NamedTuple):
    """What was measured of one run."""

    what: str
    people: int
    actors: int
    turns: int
    seconds: float
    turns_per_s: float
    last_tenth: float | None
    """Rate of the last tenth over that of the tenth after the first; None if all was over then."""
    turns_per_list: dict[str, float]
    cpu_us: dict[str, float]
    """CPU microseconds a turn, by process."""
    bytes_per_persona: float


def packed(
    what: str, people: int, turns: int, *, per_actor: int | None = None, delayed: bool = False
) -> Figures:
    """Run a town through Ray; `per_actor` None leaves the packing to simnet."""
    watching = Watching()
    backend = FakeBackend(model="instant", reply=instant, delay=heavy if delayed else None)
    scenario = town(people, turns)
    with TemporaryDirectory() as folder:
        plan = RunPlan(scenario, backend, Path(folder), personas_per_actor=per_actor or "auto")
        outcome = asyncio.run(launch(plan, watching))
        assert outcome.state == "completed"
        placed = Run.open(outcome.folder).manifest.placement
    progress = outcome.finish.progress
    done = progress.ledger.planned - len(scenario.cues)
    print(f"{what} {people:,}: {done / progress.elapsed:,.0f} turns/s", file=sys.stderr)
    lists = {"views": progress.sends, "prompts": progress.usage.asks, "rows": progress.writes}
    return Figures(
        *(what, people, placed["actors"], done, progress.elapsed, done / progress.elapsed),
        watching.last_tenth(),
        {name: done / max(count, 1) for name, count in lists.items()},
        watching.cpu(),
        sum(watching.held.values()) / people,
    )


def kernel(people: int, turns: int) -> float:
    """Events a second of heap, feeds and world alone, with decisions made up."""
    collect_rarely()  # as the process of the scheduler does
    core = Kernel(town(people, turns))
    began = perf_counter()
    while core.advance(256) is not Status.DONE:
        views, core.views = core.views, []
        core.deliver([decided(view) for view in views])
        core.take_rows()
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
        backend = FakeBackend(model="instant", reply=instant)
        scenario = Scenario("alone", [alone], lasts=turns * 60.0)
        outcome = asyncio.run(launch(RunPlan(scenario, backend, Path(folder)), watching))
    seen = watching.seen
    steps = [(b[0] - a[0]) / (b[1] - a[1]) for a, b in pairwise(seen) if b[1] > a[1]]
    return (
        1e3 * statistics.median(steps) if steps else 1e3 * outcome.finish.progress.elapsed / turns
    )


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    sizes = [100, 1_000, 10_000, 100_000, 1_000_000]
    options.add_argument("--sizes", type=int, nargs="*", default=sizes)
    options.add_argument("--turns", type=int, default=100_000)
    options.add_argument("--literal", type=int, default=50, help="personas with an actor each")
    asked = options.parse_args()
    # First, while nothing of Ray's is there or on its way out.
    core = {
        people: statistics.median(kernel(people, asked.turns) for _ in range(3))
        for people in (1_000, 100_000)
    }
    runs = [packed("packed", people, asked.turns) for people in asked.sizes]
    runs.append(packed("delayed", 10_000, asked.turns, delayed=True))
    runs.append(packed("literal", asked.literal, 8_000, per_actor=1))
    report(runs, latency(), core)


def report(runs: Sequence[Figures], alone: float, core: dict[int, float]) -> None:
    table = Table(title="agent turns, model at no cost, everything recorded", show_lines=False)
    for column in ("", "personas", "actors", "turns/s", "last", "list", "CPU us/turn", "MB"):
        table.add_column(column, justify="left" if not column else "right", no_wrap=True)
    for run in runs:
        table.add_row(
            *(run.what, f"{run.people:,}", str(run.actors), f"{run.turns_per_s:,.0f}"),
            *(
                f"{run.last_tenth:.2f}" if run.last_tenth else "",
                f"{min(run.turns_per_list.values()):,.0f}",
            ),
            f"{sum(run.cpu_us.values()):,.0f}",
            f"{run.bytes_per_persona * run.people / 1e6:,.0f}",
        )
    console = Console()
    console.print(table)
    console.print("last: turns/s of the last tenth over those of the second tenth")
    console.print("list: turns for each list sent, on the hop where that is least")
    console.print(f"CPU and MB: of the processes of {', '.join(PROMPT_TEXTS.values())} alone")
    for run in runs:
        parts = " + ".join(f"{used:,.0f} {part}" for part, used in run.cpu_us.items())
        console.print(f"CPU us/turn, {run.what} {run.people:,}: {parts}")
    console.print(f"one idle agent's turn: {alone:.1f} ms")
    for people, rate in core.items():
        console.print(f"kernel alone, {people:,} personas: {rate:,.0f} events/s")
    sizes = {run.people: run for run in runs if run.what == "packed"}
    if {1_000, 1_000_000} <= sizes.keys():
        few, many = sizes[1_000], sizes[1_000_000]
        time = few.turns_per_s / many.turns_per_s
        cpu = sum(many.cpu_us.values()) / sum(few.cpu_us.values())
        console.print(f"a turn at 1,000,000 against 1,000: {time:.2f} x the time, {cpu:.2f} x CPU")
    facts = {"benchmark": "engine", "runs": [run._asdict() for run in runs]}
    facts |= {"idle_turn_ms": alone, "kernel_events_per_s": core}
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
