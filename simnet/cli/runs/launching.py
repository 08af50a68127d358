"""Launches a plan and shows on the terminal how the run goes."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from simnet.cli.display.lasting_console import LastingConsole
from simnet.cli.display.live import Display, display
from simnet.cli.display.log_lines import LogLines
from simnet.cli.display.pace import Pace
from simnet.cli.options import OutputFlags
from simnet.cli.output import print_error
from simnet.cli.streams import show_what_can_be_shown
from simnet.clock import Seconds
from simnet.errors import RunError
from simnet.foundation import log
from simnet.runs.launching.launcher import launch
from simnet.runs.plans.plan import RunPlan, RunResult
from simnet.runs.watching.guarded_reporter import Guard
from simnet.runtime.placement import active_handles
from simnet.scenario.forecast.doubts import doubts
from simnet.scenario.forecast.expected_turns import expect
from simnet.scenario.interventions.schedule import occasions
from simnet.scheduler.budget import SPENT
from simnet.scheduler.continuing.continuation import last_scenario
from simnet.scheduler.progress.messages import Progress

_LOG = log.get("simnet.run")
WATCHED = 100
"""With up to this many thinking personas, posts are printed as they land."""


def launch_and_exit_code(plan: RunPlan, output: OutputFlags) -> int:
    """Launch a plan, show how it goes and return the exit code of the command."""
    result = asyncio.run(launch_with_display(plan, output))
    if result.signal is not None:
        return 128 + result.signal
    if result.alarm is not None:
        return RunError.exit_code
    return SPENT if result.spent is not None else 0


async def launch_with_display(plan: RunPlan, output: OutputFlags) -> RunResult:
    """Launch a plan, show on the terminal how it goes and log to the run directory."""
    scenario = last_scenario(plan.scenario, plan.continuation)
    for doubt in doubts(scenario) if not output.quiet else ():
        print_error(f"warning: {doubt}")
    cues = sum(cue.at <= scenario.lasts for cue in scenario.cues)
    cues += occasions(scenario.interventions, scenario.lasts)
    pace = Pace(scenario.lasts, expect(scenario), cues)
    watch = output.watch
    if watch is None:
        watch = len(active_handles(scenario)) <= WATCHED
    show_what_can_be_shown()
    shown = display(LastingConsole(), pace, watch=watch, as_json=output.as_json, quiet=output.quiet)
    with (
        log.run_logs(output.log_level or "warning") as logs,
        LogLines(output.log_level) as lines,
        _shielded(shown) as guard,
    ):
        result = await launch(plan, _LoggedDisplay(shown, logs, lines))
        with guard():
            shown.finished(result)
    return result


@contextmanager
def _shielded(shown: Display) -> Iterator[Guard]:
    """Begin and end a display; neither can end the run."""
    guard = Guard()
    with ExitStack() as stack:
        with guard():
            stack.enter_context(shown)
        yield guard
        with guard():
            stack.close()


@dataclass
class _LoggedDisplay:
    """A Reporter that passes all on to a display and logs the phases to the run directory."""

    display: Display
    logs: log.RunLogs
    lines: LogLines
    now: Seconds | None = None

    def begun(self, folder: Path) -> None:
        self.logs.open(folder)
        self.lines.follow(folder)
        self._log("run begun")
        self.display.phase(f"the record is {folder}")

    def phase(self, text: str) -> None:
        self._log(text)
        self.display.phase(text)

    def progress(self, progress: Progress) -> None:
        self.now = progress.now
        self.display.progress(progress)

    def _log(self, text: str) -> None:
        fields = {} if self.now is None else {"now": self.now}
        _LOG.info(text, **fields)
