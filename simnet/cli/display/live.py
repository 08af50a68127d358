"""Displays of a run while it goes on: live, plain lines, JSON or nothing."""

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from simnet.cli.display.pace import Figures, Pace, format_cached, format_seconds
from simnet.cli.display.summary import engine_line, outcome_json, print_closing
from simnet.cli.display.text_health import live_lines, ringing
from simnet.clock import format_time
from simnet.foundation.text import counted, plural, terminal_safe
from simnet.runs.plans.plan import RunResult
from simnet.scheduler.progress.messages import Posted, Progress

PLAIN_EVERY = 2.0
"""Least wall seconds between two plain lines of progress."""
SAME_EVERY = 30.0
"""Least wall seconds between two of them while nothing gets done."""
BAR_FROM = 72
"""Columns of a terminal from which on there is room for a bar."""
_RUNNING = "running"
_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")


class Display(AbstractContextManager["Display"], Protocol):
    """Shows the phases, the progress and the end of a run. Use it as a context manager."""

    def phase(self, text: str) -> None:
        """Show the phase that begins."""
        ...

    def progress(self, progress: Progress) -> None:
        """Show how far the run is."""
        ...

    def finished(self, outcome: RunResult) -> None:
        """Show how the run ended."""
        ...


class Quiet:
    """Prints nothing but the run directory, at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def phase(self, text: str) -> None:
        """Print nothing."""

    def progress(self, progress: Progress) -> None:
        """Print nothing."""

    def finished(self, outcome: RunResult) -> None:
        """Print the run directory."""
        self._console.out(str(outcome.folder), highlight=False)


class JsonLines(Quiet):
    """Prints one JSON object for each report: `phase`, `progress` and, last, `finished`."""

    def __init__(self, console: Console, pace: Pace) -> None:
        super().__init__(console)
        self._pace = pace

    def phase(self, text: str) -> None:
        """Print the phase that begins."""
        self._print({"report": "phase", "phase": text})

    def progress(self, progress: Progress) -> None:
        """Print the figures."""
        self._print({"report": "progress", **self._pace.look(progress).to_json()})

    def finished(self, outcome: RunResult) -> None:
        """Print how the run ended."""
        self._print({"report": "finished", **outcome_json(outcome)})

    def _print(self, report: dict[str, Any]) -> None:
        self._console.out(json.dumps(report, ensure_ascii=False), highlight=False)


class Plain(Quiet):
    """Prints a line for each phase and, every PLAIN_EVERY seconds, for progress.

    With `watch` it prints posts too.
    """

    def __init__(
        self,
        console: Console,
        pace: Pace,
        *,
        watch: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(console)
        self._pace = pace
        self._watch = watch
        self._clock = clock
        self._printed_at = -SAME_EVERY
        self._printed: tuple[float, ...] = ()
        self._elapsed = 0.0

    def phase(self, text: str) -> None:
        """Print the phase that begins."""
        self._console.print(Text(terminal_safe(text), "dim"))

    def progress(self, progress: Progress) -> None:
        """Print new posts and, if it is time, the figures."""
        figures = self._pace.look(progress)
        if self._watch:
            for posted in progress.posted:
                print_posted(posted, self._console)
        state = (figures.now, figures.settled, figures.calls)
        idle = state == self._printed and figures.elapsed > self._elapsed
        every = SAME_EVERY if idle else PLAIN_EVERY
        if self._clock() - self._printed_at >= every:
            self._printed_at = self._clock()
            self._printed, self._elapsed = state, figures.elapsed
            self._console.print(Text(line(figures), "dim"), soft_wrap=True)

    def finished(self, outcome: RunResult) -> None:
        """Print the closing summary."""
        print_closing(outcome, self._console)


class LiveDisplay(Quiet):
    """Updates a few lines at the bottom of a terminal; posts scroll above them."""

    def __init__(self, console: Console, pace: Pace, *, watch: bool) -> None:
        super().__init__(console)
        self._pace = pace
        self._watch = watch
        self._spinner = Spinner("dots", Text("getting ready"))
        self._figures: Figures | None = None
        self._live = Live(
            console=console, get_renderable=self._render, refresh_per_second=8, transient=True
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def phase(self, text: str) -> None:
        """Show the phase that begins."""
        self._spinner.update(text=Text(terminal_safe(text)))

    def progress(self, progress: Progress) -> None:
        """Show the figures and print new posts."""
        if self._figures is None:
            self.phase(_RUNNING)
        self._figures = self._pace.look(progress)
        if self._watch:
            for posted in progress.posted:
                print_posted(posted, self._console)

    def finished(self, outcome: RunResult) -> None:
        """Remove the display and print the closing summary."""
        self._live.stop()
        print_closing(outcome, self._console)

    def _render(self) -> RenderableType:
        if self._figures is None:
            return self._spinner
        return Group(panel(self._figures, self._console.width), self._spinner)


def display(console: Console, pace: Pace, *, watch: bool, as_json: bool, quiet: bool) -> Display:
    """Choose the display of a run: live where lines can be written again, else plain lines."""
    if as_json:
        return JsonLines(console, pace)
    if quiet:
        return Quiet(console)
    if console.is_terminal and not console.is_dumb_terminal:
        return LiveDisplay(console, pace, watch=watch)
    return Plain(console, pace, watch=watch)


def print_posted(posted: Posted, console: Console) -> None:
    """Print the author of a post, its text and a blank line."""
    colour = _COLOURS[sum(posted.cohort.encode()) % len(_COLOURS)]
    action = " posted:" if posted.to is None else " replied to "
    head = Text.assemble("User ", (terminal_safe(posted.who), f"bold {colour}"), action)
    if posted.to is not None:
        head.append(f"{terminal_safe(posted.to)}:")
    head.append("".join(f" [{mark}]" for mark in posted.marks), "dim")
    console.print(head)
    console.print(Text(terminal_safe(posted.text)))
    console.print()


def line(figures: Figures) -> str:
    """Format figures as one line."""
    items = [
        f"{format_time(figures.now)} of {format_time(figures.lasts)}",
        f"{figures.settled:,} of {_expected(figures)} {_turns(figures)}",
        f"{figures.thinking:,} thinking",
        _speed(figures),
        f"{figures.refused:,} refused",
        f"{figures.failed:,} failed",
    ]
    items += [f"{count} {mark}" for mark, count in figures.marks.items()]
    items += ringing(figures.health)
    items += [f"about {format_seconds(figures.left)} left"] if figures.left is not None else []
    items += [terminal_safe(wait.describe()) for wait in figures.waits]
    items += [terminal_safe(figures.mirror)] if figures.mirror else []
    return ", ".join(items)


def panel(figures: Figures, width: int) -> Table:
    """Format figures as a grid of a few lines, for so many columns."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column()
    grid.add_row("time", _times(figures, width))
    turns = f"{figures.settled:,} of {_expected(figures)}, {figures.thinking:,} thinking"
    grid.add_row("turns", Text(turns))
    grid.add_row("model", Text(_speed(figures)))
    for state in figures.engines:
        grid.add_row("", Text(engine_line(state), "dim"))
    for wait in figures.waits:
        grid.add_row("waiting", Text(terminal_safe(wait.describe()), "yellow"))
    problems = Text()
    problems.append(f"{figures.refused:,} refused", "yellow" if figures.refused else "dim")
    problems.append(", ")
    problems.append(f"{figures.failed:,} failed", "red" if figures.failed else "dim")
    for mark, count in figures.marks.items():
        problems.append(f", {count:,} {mark}", "dim")
    grid.add_row("trouble", problems)
    for number, (texts, rings) in enumerate(live_lines(figures.health)):
        grid.add_row("" if number else "texts", Text(texts, "yellow" if rings else "dim"))
    if figures.mirror:
        grid.add_row("mirror", Text(terminal_safe(figures.mirror.removeprefix("mirror: ")), "dim"))
    return grid


def _times(figures: Figures, width: int) -> RenderableType:
    """Format the simulated time and what is left, with a bar where both leave room for it."""
    when = f"{format_time(figures.now)} of {format_time(figures.lasts)}"
    left = f"about {format_seconds(figures.left)} left" if figures.left is not None else ""
    if width < BAR_FROM:
        return Text(", ".join(filter(None, (when, left))))
    bar = Table.grid(padding=(0, 1))
    bar.add_row(Text(when), ProgressBar(figures.lasts, figures.now, width=24), Text(left, "dim"))
    return bar


def _expected(figures: Figures) -> str:
    return f"{'at least' if figures.at_least else 'about'} {figures.expected:,.0f}"


def _turns(figures: Figures) -> str:
    return "turn" if round(figures.expected) == 1 else plural("turn")


def _rate(tokens: float | None) -> str:
    return "unknown tokens/s" if tokens is None else f"{tokens:,.0f} tokens/s"


def _speed(figures: Figures) -> str:
    text = (
        f"{counted(figures.calls, 'call')}, {_rate(figures.tokens_in)} in "
        f"({format_cached(figures.cached)} cached), {_rate(figures.tokens_out)} out"
    )
    if figures.waiting:
        text += f", {figures.waiting:,} waiting"
    if figures.restarts:
        text += f", started again {counted(figures.restarts, 'time')}"
    return text
