"""Agent turns per second through real Ray actors, with a model that replies at once.

Every turn is complete: ranked feed of ten posts, prompt, grammar, parsed reply, change of the
world; events, calls and exposures are on disk. The number of turns in a simulated second does
not depend on the size, so feeds and lists are equally long and a turn of a million personas can
be compared with one of a thousand.

* packed: `--sizes` personas, many to an actor;
* delayed: `--delayed` personas with a slow model: Pareto distributed delays with exponent 1.5
  from 33 ms on, cut off at 2 s as a token limit would;
* literal: `--literal` personas, an actor each;
* kernel: heap, feeds and world in one process, with invented decisions;
* latency: one idle agent's turn from its wake to its landing.

A size of 0 leaves a measurement out. Prints one table and one JSON line. On two cores the
figures vary by a third from run to run; compare only figures of one run.
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
from arguments import at_least, rate, ratio, shown
from rich.console import Console
from rich.table import Table

from simnet import (
    Cohort,
    Cue,
    Exponential,
    Like,
    Pass,
    Reply,
    Run,
    Scenario,
    Steps,
    Write,
    draws,
    sample,
)
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.kernel.kernel import Kernel
from simnet.kernel.status import Status
from simnet.models import Prompt
from simnet.runs.launching.launcher import RunPlan, launch
from simnet.runtime.base import Silent
from simnet.runtime.gc_tuning import collect_rarely
from simnet.scheduler.progress.messages import Progress
from simnet.world.decision import Decision
from simnet.world.state.posts import View

MEAN, REACTS_IN = 200.0, 1000.0
"""Simulated seconds between wakes for each 1,000 personas, and from wake to landing."""
FOLLOWEES = 25
AUTHORS = 20
"""One persona in this many has posted before the start, and is followed."""
TAIL, MIN_DELAY, MAX_DELAY = 1.5, 0.033, 2.0
"""Exponent of the Pareto distribution of delays, and its bounds in seconds."""
SAMPLE_EVERY = 1.0
"""Wall seconds between two samples of the processes."""
PROCESSES = {
    "ray::SchedulerActor": "scheduler",
    "ray::PersonaAgent": "agents",
    "ray::LlmServer": "model",
    "ray::RecordKeeper": "record",
}
REPLIES = (
    "write: The bus was late again and nobody at the stop was surprised.",
    "reply 1: That is not how I remember it, but I see what you mean.",
    "like 1",
    "repost 1",
    "pass",
)


def instant(prompt: Prompt) -> str:
    """Reply at once, with one of a few actions that the prompt allows."""
    reply = REPLIES[prompt.seed % len(REPLIES)]
    return reply if "1" not in reply or "(1" in (prompt.pattern or "") else "pass"


def pareto_delay(prompt: Prompt) -> float:
    """Draw the seconds that the model takes for a prompt."""
    chance = draws.unit(prompt.seed, "delay")
    return min(MAX_DELAY, MIN_DELAY * (1 - chance) ** (-1 / TAIL))


def authors(people: int) -> int:
    """Return how many personas are followed."""
    return max(people // AUTHORS, 2 * FOLLOWEES)


def ties(handles: Sequence[str], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Let everyone follow 25 authors, drawn uniformly."""
    count = len(handles)
    followed = min(count, authors(count))
    followees = np.random.default_rng(seed).integers(0, followed, count * FOLLOWEES, dtype=np.int32)
    return np.repeat(np.arange(count, dtype=np.int32), FOLLOWEES), followees


def town(people: int, turns: int) -> Scenario:
    """Make personas who wake at random times until there were about `turns` turns."""
    mean = MEAN * max(1.0, people / 1000)
    crowd = Cohort("people", sample(people), rhythm=Exponential(mean), reacts_in=REACTS_IN)
    posting = crowd.personas[: authors(people)]
    cues = [Cue(0.0, one.id, Write("What I saw on the way to work today.")) for one in posting]
    lasts = max(turns / people * (mean + REACTS_IN), REACTS_IN)
    return Scenario("town", [crowd], cues, ties=ties, lasts=lasts, seed=7)


class Monitor(Silent):
    """Records turns over time, and CPU time and memory of the run's processes."""

    def __init__(self) -> None:
        self.turns: list[tuple[float, int]] = []
        """Wall seconds and turns so far."""
        self.memory: dict[int, int] = {}
        """Bytes by process id."""
        self.samples: list[tuple[int, dict[str, float]]] = []
        """Turns so far, and CPU seconds by process."""
        self._sampled_at = -SAMPLE_EVERY

    def progress(self, progress: Progress) -> None:
        """Add a sample, unless the last is recent."""
        turns = progress.ledger.planned - progress.ledger.open
        self.turns.append((progress.elapsed, turns))
        if progress.elapsed - self._sampled_at < SAMPLE_EVERY:
            return  # sampling uses CPU time itself
        self._sampled_at = progress.elapsed
        cpu = dict.fromkeys(PROCESSES.values(), 0.0)
        for process in psutil.process_iter(["name", "cpu_times"]):
            part = next(
                (PROCESSES[p] for p in PROCESSES if process.info["name"].startswith(p)), None
            )
            if part is not None and process.info["cpu_times"] is not None:
                cpu[part] += sum(process.info["cpu_times"][:2])
                if process.pid not in self.memory or len(self.samples) % 15 == 0:
                    self.memory[process.pid] = process.memory_full_info().uss
        self.samples.append((turns, cpu))

    def last_tenth(self) -> float | None:
        """Return the turns per second of the last tenth over those of the second tenth."""
        early, late = self._rate(0.1, 0.2), self._rate(0.9, 1.0)
        return late / early if early and late else None

    def _rate(self, start: float, end: float) -> float:
        if not self.turns:
            return 0.0
        last = self.turns[-1][1]
        begin = min(self.turns, key=lambda one: abs(one[1] - start * last))
        stop = min(self.turns, key=lambda one: abs(one[1] - end * last))
        return (stop[1] - begin[1]) / (stop[0] - begin[0]) if stop[0] > begin[0] else 0.0

    def cpu(self) -> dict[str, float | None] | None:
        """Return CPU microseconds a turn by process, None if the run was too short to measure.

        A process whose clock did not tick between the samples was not measured either: None.
        """
        if len(self.samples) < 2:
            return None
        (first, before), (last, after) = self.samples[0], self.samples[-1]
        if last == first or after == before:
            return None
        spent = {part: after[part] - before[part] for part in after}
        return {part: 1e6 * one / (last - first) if one else None for part, one in spent.items()}


class Figures(NamedTuple):
    """Measurements of one run."""

    what: str
    people: int
    actors: int
    turns: int
    seconds: float
    turns_per_s: float | None
    last_tenth: float | None
    """Turns per second of the last tenth over those of the second tenth; None if unknown."""
    turns_per_list: dict[str, float | None]
    """On each hop; None if nothing was sent there."""
    cpu_us: dict[str, float | None] | None
    """CPU microseconds a turn, by process; None if the run was too short to measure."""
    bytes_per_persona: float | None
    """None if the run was too short to measure."""

    @property
    def all_cpu_us(self) -> float | None:
        """CPU microseconds a turn of all processes that were measured."""
        return sum(filter(None, (self.cpu_us or {}).values())) or None


def packed(
    what: str, people: int, turns: int, *, per_actor: int | None = None, delayed: bool = False
) -> Figures:
    """Run a town through Ray; with `per_actor` None, simnet chooses the packing."""
    monitor = Monitor()
    backend = FakeBackend(model="instant", reply=instant, delay=pareto_delay if delayed else None)
    scenario = town(people, turns)
    with TemporaryDirectory() as folder:
        plan = RunPlan(scenario, backend, Path(folder), personas_per_actor=per_actor or "auto")
        outcome = asyncio.run(launch(plan, monitor))
        assert outcome.state == "completed"
        placed = Run.open(outcome.folder).manifest.placement
    progress = outcome.finish.progress
    done = progress.ledger.planned - len(scenario.cues)
    speed = rate(done, progress.elapsed)
    print(f"{what} {people:,}: {shown(speed, ',.0f')} turns/s", file=sys.stderr)
    lists = {"views": progress.sends, "prompts": progress.usage.asks, "rows": progress.writes}
    return Figures(
        what=what,
        people=people,
        actors=placed["actors"],
        turns=done,
        seconds=progress.elapsed,
        turns_per_s=speed,
        last_tenth=monitor.last_tenth(),
        turns_per_list={name: ratio(done, count) for name, count in lists.items()},
        cpu_us=monitor.cpu(),
        bytes_per_persona=ratio(sum(monitor.memory.values()) or None, people),
    )


def kernel(people: int, turns: int) -> float:
    """Return events per second of heap, feeds and world alone, with invented decisions."""
    collect_rarely()  # as the scheduler's process does
    core = Kernel(town(people, turns))
    began = perf_counter()
    while core.advance(256) is not Status.DONE:
        views, core.views = core.views, []
        core.deliver([invented(view) for view in views])
        core.take_rows()
    return core.ledger().events / (perf_counter() - began)


def invented(view: View) -> Decision:
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
    """Return the median milliseconds of one idle agent's turn through Ray, wake to landing."""
    alone = Cohort("alone", sample(1), rhythm=Steps(60.0), reacts_in=30.0)
    monitor = Monitor()
    with TemporaryDirectory() as folder:
        backend = FakeBackend(model="instant", reply=instant)
        scenario = Scenario("alone", [alone], lasts=turns * 60.0)
        outcome = asyncio.run(launch(RunPlan(scenario, backend, Path(folder)), monitor))
    turns_at = monitor.turns
    steps = [(b[0] - a[0]) / (b[1] - a[1]) for a, b in pairwise(turns_at) if b[1] > a[1]]
    return (
        1e3 * statistics.median(steps) if steps else 1e3 * outcome.finish.progress.elapsed / turns
    )


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    sizes = [100, 1_000, 10_000, 100_000, 1_000_000]
    size = at_least(0)
    options.add_argument("--sizes", type=size, nargs="*", default=sizes)
    options.add_argument("--turns", type=at_least(1), default=100_000)
    options.add_argument("--delayed", type=size, default=10_000, help="personas of a slow model")
    options.add_argument("--literal", type=size, default=50, help="personas with an actor each")
    arguments = options.parse_args()
    # First, before any process of Ray starts.
    core = {
        people: statistics.median(kernel(people, arguments.turns) for _ in range(3))
        for people in (1_000, 100_000)
    }
    runs = [packed("packed", people, arguments.turns) for people in arguments.sizes if people]
    if arguments.delayed:
        runs.append(packed("delayed", arguments.delayed, arguments.turns, delayed=True))
    if arguments.literal:
        turns = min(8_000, arguments.turns)
        runs.append(packed("literal", arguments.literal, turns, per_actor=1))
    report(runs, latency(), core)


def report(runs: Sequence[Figures], alone: float, core: dict[int, float]) -> None:
    table = Table(title="agent turns, instant model, everything recorded", show_lines=False)
    for column in ("", "personas", "actors", "turns/s", "last", "list", "CPU us/turn", "MB"):
        table.add_column(column, justify="left" if not column else "right", no_wrap=True)
    for run in runs:
        table.add_row(
            run.what,
            f"{run.people:,}",
            str(run.actors),
            shown(run.turns_per_s, ",.0f"),
            shown(run.last_tenth, ".2f"),
            shown(min((n for n in run.turns_per_list.values() if n), default=None), ",.0f"),
            shown(run.all_cpu_us, ",.0f"),
            shown(run.bytes_per_persona and run.bytes_per_persona * run.people / 1e6, ",.0f"),
        )
    console = Console()
    console.print(table)
    console.print("last: turns/s of the last tenth over those of the second tenth")
    console.print("list: turns for each list sent, on the hop with the fewest")
    console.print(f"CPU and MB: of the processes of {', '.join(PROCESSES.values())} alone")
    for run in runs:
        used = run.cpu_us or {}
        parts = " + ".join(f"{shown(cpu, ',.0f')} {part}" for part, cpu in used.items())
        parts = parts or "not measured, the run was too short"
        console.print(f"CPU us/turn, {run.what} {run.people:,}: {parts}")
    console.print(f"one idle agent's turn: {alone:.1f} ms")
    for people, speed in core.items():
        console.print(f"kernel alone, {people:,} personas: {speed:,.0f} events/s")
    sizes = {run.people: run for run in runs if run.what == "packed"}
    if {1_000, 1_000_000} <= sizes.keys():
        few, many = sizes[1_000], sizes[1_000_000]
        time = shown(ratio(few.turns_per_s, many.turns_per_s), ".2f")
        console.print(f"a turn at 1,000,000 against 1,000: {time} x the time")
        cpu = shown(ratio(many.all_cpu_us, few.all_cpu_us), ".2f")
        console.print(f"a turn at 1,000,000 against 1,000: {cpu} x the CPU time")
    facts = {"benchmark": "engine", "runs": [run._asdict() for run in runs]}
    facts |= {"idle_turn_ms": alone, "kernel_events_per_s": core}
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
