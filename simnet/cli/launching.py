"""Launches a plan and shows on the terminal how the run goes."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from simnet import log
from simnet.cli.display.live import Display, display
from simnet.cli.display.pace import Pace
from simnet.cli.options import OutputFlags
from simnet.runs.launcher import launch
from simnet.runs.plan import RunPlan, RunResult
from simnet.runtime.placement import active_handles
from simnet.scenario.expected_turns import expect
from simnet.scheduler.budget import SPENT
from simnet.scheduler.continuation import last_scenario
from simnet.scheduler.messages import Progress

WATCHED = 100
"""With up to this many thinking personas, posts are printed as they land."""


def launch_and_exit_code(plan: RunPlan, output: OutputFlags) -> int:
    """Launch a plan, show how it goes and return the exit code of the command."""
    result = asyncio.run(launch_with_display(plan, output))
    if result.signal is not None:
        return 128 + result.signal
    return SPENT if result.spent is not None else 0


async def launch_with_display(plan: RunPlan, output: OutputFlags) -> RunResult:
    """Launch a plan, show on the terminal how it goes and log to the run directory."""
    scenario = last_scenario(plan.scenario, plan.continuation)
    pace = Pace(scenario.lasts, expect(scenario), len(scenario.cues))
    watch = output.watch
    if watch is None:
        watch = len(active_handles(scenario)) <= WATCHED
    shown = display(Console(), pace, watch=watch, as_json=output.as_json, quiet=output.quiet)
    with log.kept() as records, shown:
        result = await launch(plan, _LoggedDisplay(shown, records))
        shown.finished(result)
    return result


@dataclass(frozen=True)
class _LoggedDisplay:
    """A Reporter that passes all on to a display and logs the phases to the run directory."""

    display: Display
    records: log.Kept

    def begun(self, folder: Path) -> None:
        self.records.into(folder / "logs")
        self._log("begun", run=folder.name)
        self.display.phase(f"the record is {folder}")

    def phase(self, text: str) -> None:
        self._log(text)
        self.display.phase(text)

    def progress(self, progress: Progress) -> None:
        self.display.progress(progress)

    def _log(self, text: str, **fields: str) -> None:
        log.get("simnet.run").info(text, **fields)
