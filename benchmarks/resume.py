"""How soon a run that was killed goes on live, by how many calls it had recorded.

    python benchmarks/resume.py [--calls 100000 1000000]

A run on real Ray actors, with a model that costs nothing, kills itself (SIGKILL, so nothing is
sealed and no actor says goodbye) once it has so many replies. A new process resumes it: starts
Ray and all actors, loads the recorded replies, plays them again through feeds, prompts and
world, checking each prompt, and goes on live. Ready is when the first reply comes that was not
recorded, counted from the start of the resume. Prints one table and one JSON line.
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

from rich.console import Console
from rich.table import Table

from simnet import Cohort, Cue, Exponential, Prompt, Run, Scenario, Write, sample
from simnet.inference.backend import Backend
from simnet.runs.launcher import RunPlan, launch
from simnet.runs.options import ModelOptions, RunOptions
from simnet.runs.reload_scenario import ScenarioTimeline
from simnet.runs.resume import resume_plan
from simnet.runtime.base import Silent
from simnet.scheduler.messages import Progress

PEOPLE = 10_000
MEAN, REACTS_IN = 2000.0, 1000.0
"""Simulated seconds between two turns of a persona, and from looking to acting."""
LEFT = 20_000
"""Turns, more or less, that are left to do live."""
STARTING = ("ray", "reading", "agents", "engine")
"""Phases before the first turn."""
SAID = ("write: The bus was late again.", "reply 1: I remember that otherwise.", "like 1", "pass")


def instant(prompt: Prompt) -> str:
    """Reply at once, with one of a few actions that the prompt allows."""
    said = SAID[prompt.seed % len(SAID)]
    return said if "1" not in said or "(1" in (prompt.pattern or "") else "pass"


BACKEND = Backend(kind="fake", model="instant", reply=instant)
OPTIONS = RunOptions(models=ModelOptions(model=BACKEND))


def town(calls: int) -> Scenario:
    """Make people who take some more turns than there are to be calls."""
    crowd = Cohort("people", sample(PEOPLE), rhythm=Exponential(MEAN), reacts_in=REACTS_IN)
    cues = [Cue(0.0, one.id, Write("What I saw on the way.")) for one in crowd.personas[:500]]
    lasts = (calls + LEFT) / PEOPLE * (MEAN + REACTS_IN)
    return Scenario("town", [crowd], cues, lasts=lasts, seed=7)


class Killing(Silent):
    """Kills this process once so many calls were made."""

    def __init__(self, calls: int) -> None:
        self._calls = calls

    def progress(self, progress: Progress) -> None:
        """Look at the count."""
        if progress.usage.calls >= self._calls:
            os.kill(os.getpid(), signal.SIGKILL)


class Noting(Silent):
    """Notes when the first reply came that was not recorded, and how many turns were then done."""

    def __init__(self) -> None:
        self.live: tuple[float, int] | None = None

    def progress(self, progress: Progress) -> None:
        """Look at the count of replies that were not recorded."""
        if self.live is None and progress.usage.calls:
            ledger = progress.ledger
            self.live = perf_counter(), ledger.planned - ledger.open - progress.usage.calls


class Resumed(NamedTuple):
    """What was measured of one resume."""

    calls: int
    recorded: int
    """Calls found on disk."""
    ready_s: float
    played_s: float
    """Of these, seconds in which the recorded turns were played again."""
    turns_per_s: float
    """Recorded turns played again in a second of them."""


def broken_off(calls: int, root: Path) -> Run:
    """Run in a process of its own until it kills itself; open what it left."""
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
    """Break a run off and resume it."""
    with TemporaryDirectory() as name:
        run = broken_off(calls, Path(name))
        recorded = run.table("calls").count_rows()
        noting = Noting()
        began = perf_counter()
        plan = resume_plan(run, ScenarioTimeline(town(calls)), OPTIONS)
        outcome = asyncio.run(launch(plan, noting))
        assert outcome.state == "completed", outcome
        assert noting.live is not None
    live, played = noting.live
    starting = sum(outcome.phases.get(phase, 0.0) for phase in STARTING)
    playing = live - began - starting
    return Resumed(calls, recorded, live - began, playing, played / playing)


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--calls", type=int, nargs="*", default=[100_000, 1_000_000])
    options.add_argument("--kill-at", type=int, help=argparse.SUPPRESS)
    options.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.kill_at is not None:
        plan = RunPlan(town(asked.kill_at), BACKEND, asked.root)
        asyncio.run(launch(plan, Killing(asked.kill_at)))
        return
    report([measure(calls) for calls in asked.calls])


def report(resumes: Sequence[Resumed]) -> None:
    table = Table(title="resume after SIGKILL, model at no cost")
    for column in ("calls on disk", "ready s", "of it playing s", "turns/s played"):
        table.add_column(column, justify="right")
    for one in resumes:
        table.add_row(
            *(f"{one.recorded:,}", f"{one.ready_s:.1f}"),
            *(f"{one.played_s:.1f}", f"{one.turns_per_s:,.0f}"),
        )
    Console().print(table)
    print(json.dumps({"benchmark": "resume", "runs": [one._asdict() for one in resumes]}))


if __name__ == "__main__":
    main()
