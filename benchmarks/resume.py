"""Time until a killed run produces new replies again, by the number of recorded calls.

Run it like this::

    python benchmarks/resume.py [--calls 100000 1000000]

A run on real Ray actors with an instant model kills itself with SIGKILL after `--calls` replies,
so nothing is sealed. A new process resumes it: it starts Ray and all actors, loads the recorded
replies, replays them through feeds, prompts and world, and continues with the model. "Ready" is
the time from the start of the resume to the first reply that was not recorded. Prints one table
and one JSON line.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from arguments import at_least, rate, shown
from rich.console import Console
from rich.table import Table

from simnet import Cohort, Cue, Exponential, Run, Scenario, Write, sample
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.models import Prompt
from simnet.runs.launching.launcher import RunPlan, launch
from simnet.runs.options.options import ModelOptions, RunOptions
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.resume import resume_plan
from simnet.runtime.base import Silent
from simnet.scheduler.progress.messages import Progress

PEOPLE = 10_000
MEAN, REACTS_IN = 2000.0, 1000.0
"""Simulated seconds between two wakes of a persona, and from wake to landing."""
LEFT = 20_000
"""Turns, more or less, that remain after the kill."""
STARTING = ("ray", "reading", "agents", "engine")
"""Phases before the first turn."""
REPLIES = (
    "write: The bus was late again.",
    "reply 1: I remember that otherwise.",
    "like 1",
    "pass",
)


def instant(prompt: Prompt) -> str:
    """Reply at once, with one of a few actions that the prompt allows."""
    reply = REPLIES[prompt.seed % len(REPLIES)]
    return reply if "1" not in reply or "(1" in (prompt.pattern or "") else "pass"


BACKEND = FakeBackend(model="instant", reply=instant)
OPTIONS = RunOptions(models=ModelOptions(model=BACKEND))


def town(calls: int) -> Scenario:
    """Make personas who take `LEFT` more turns than `calls`."""
    crowd = Cohort("people", sample(PEOPLE), rhythm=Exponential(MEAN), reacts_in=REACTS_IN)
    cues = [Cue(0.0, one.id, Write("What I saw on the way.")) for one in crowd.personas[:500]]
    lasts = (calls + LEFT) / PEOPLE * (MEAN + REACTS_IN)
    return Scenario("town", [crowd], cues, lasts=lasts, seed=7)


class KillAt(Silent):
    """Kills this process after a number of calls."""

    def __init__(self, calls: int) -> None:
        self._calls = calls

    def progress(self, progress: Progress) -> None:
        """Look at the count."""
        if progress.usage.calls >= self._calls:
            os.kill(os.getpid(), signal.SIGKILL)


class FirstNewReply(Silent):
    """Records the time of the first reply that was not recorded, and the turns done by then."""

    def __init__(self) -> None:
        self.live: tuple[float, int] | None = None

    def progress(self, progress: Progress) -> None:
        """Look at the count of replies that were not recorded."""
        if self.live is None and progress.usage.calls:
            ledger = progress.ledger
            self.live = perf_counter(), ledger.planned - ledger.open - progress.usage.calls


class Resumed(NamedTuple):
    """Measurements of one resume."""

    calls: int
    recorded: int
    """Calls found on disk."""
    ready_s: float
    played_s: float
    """The part of these in which the recorded turns were replayed."""
    turns_per_s: float | None
    """Recorded turns replayed per second."""


def killed_run(calls: int, root: Path) -> Run:
    """Run in a process of its own until it kills itself; open its record."""
    done = subprocess.run(  # noqa: S603 - this very file
        [sys.executable, __file__, "--kill-at", str(calls), "--root", str(root)],
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert done.returncode == -signal.SIGKILL, f"the run ended by itself: {done.returncode}"
    (folder,) = root.iterdir()
    return Run.open(folder)


def measure(calls: int) -> Resumed:
    """Kill a run and resume it."""
    with TemporaryDirectory() as name:
        run = killed_run(calls, Path(name))
        recorded = run.table("calls").count_rows()
        first = FirstNewReply()
        began = perf_counter()
        plan = resume_plan(run, ScenarioTimeline(town(calls)), OPTIONS)
        outcome = asyncio.run(launch(plan, first))
        assert outcome.state == "completed", outcome
        assert first.live is not None
    live, played = first.live
    starting = sum(outcome.phases.get(phase, 0.0) for phase in STARTING)
    playing = live - began - starting
    return Resumed(calls, recorded, live - began, playing, rate(played, playing))


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--calls", type=at_least(1), nargs="*", default=[100_000, 1_000_000])
    options.add_argument("--kill-at", type=int, help=argparse.SUPPRESS)
    options.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    arguments = options.parse_args()
    if arguments.kill_at is not None:
        plan = RunPlan(town(arguments.kill_at), BACKEND, arguments.root)
        asyncio.run(launch(plan, KillAt(arguments.kill_at)))
        return
    report([measure(calls) for calls in arguments.calls])


def report(resumes: Sequence[Resumed]) -> None:
    table = Table(title="resume after SIGKILL, model at no cost")
    for column in ("calls on disk", "ready s", "of it replay s", "turns/s replayed"):
        table.add_column(column, justify="right")
    for one in resumes:
        table.add_row(
            *(f"{one.recorded:,}", f"{one.ready_s:.1f}"),
            *(f"{one.played_s:.1f}", shown(one.turns_per_s, ",.0f")),
        )
    Console().print(table)
    print(json.dumps({"benchmark": "resume", "runs": [one._asdict() for one in resumes]}))


if __name__ == "__main__":
    main()
