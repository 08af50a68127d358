"""Seconds of a first run: to the first reply and to the end, by phase.

Runs the SocialAI scenario (27 replies) through Ray actors on the default model, or with
`--backend fake`, as `make demo` does. Prints one table and one JSON line.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from simnet.inference.backends.choice import choose
from simnet.runs.launching.launcher import RunPlan, RunResult, launch
from simnet.runs.plans.create import versions
from simnet.runtime.base import Silent
from simnet.scenario.files.loading import load_scenario
from simnet.scheduler.progress.messages import Progress

ROOT = Path(__file__).parent.parent


class FirstReply(Silent):
    """Records the wall seconds from its creation to the first reply."""

    def __init__(self) -> None:
        self._began = perf_counter()
        self.after: float | None = None

    def progress(self, progress: Progress) -> None:
        """Check for a reply."""
        if self.after is None and progress.first_reply is not None:
            self.after = perf_counter() - self._began


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--backend", choices=["vllm", "fake"], default=None)
    options.add_argument("--model", default=None)
    arguments = options.parse_args()
    loaded = load_scenario(str(ROOT / "scenarios" / "social_ai.py"), [], None)
    first = FirstReply()
    began = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        backend = choose(arguments.backend, arguments.model)
        plan = RunPlan(loaded.scenario, backend, Path(folder), modules=loaded.modules)
        outcome = asyncio.run(launch(plan, first))
    total = perf_counter() - began
    report(outcome, backend.name, first.after, total)


def report(outcome: RunResult, kind: str, first: float | None, total: float) -> None:
    table = Table("phase", "seconds", title=f"first run, {kind}")
    for name, seconds in outcome.phases.items():
        table.add_row(name, f"{seconds:.1f}")
    if first is None:
        sys.exit("the run had no reply")
    table.add_row("start to first reply", f"{first:.1f}", style="bold")
    table.add_row("start to end", f"{total:.1f}", style="bold")
    Console().print(table)
    usage = outcome.finish.progress.usage
    line = {
        "benchmark": "first_run",
        "backend": kind,
        "phases": {name: round(seconds, 3) for name, seconds in outcome.phases.items()},
        "first_reply": round(first, 3),
        "total": round(total, 3),
        "usage": usage._asdict(),
        "versions": versions(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
