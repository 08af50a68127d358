"""Shows how the generation of personas or texts goes: a line on a terminal, else plain lines."""

import sys
import time
from collections.abc import Callable
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from simnet.cli.display.lasting_console import LastingConsole
from simnet.cli.display.live import PLAIN_EVERY
from simnet.cli.display.pace import format_seconds
from simnet.foundation.text import terminal_safe
from simnet.synthesis.asking.counts import Counts


class GenerationDisplay:
    """A Reporter on stderr; stdout is for the result. Use it as a context manager."""

    def __init__(
        self,
        console: Console | None = None,
        *,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console or LastingConsole(stderr=True)
        self._quiet = quiet
        self._clock = clock
        self._name, self._total, self._done = "", 0, 0
        self._counts = Counts()
        self._begun = self._printed = clock()
        self._spinner = Spinner("dots", Text("getting ready"))
        self._live: Live | None = None
        if self._console.is_terminal and not quiet:
            self._live = Live(
                console=self._console,
                get_renderable=self._render,
                refresh_per_second=8,
                transient=True,
            )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def note(self, text: str) -> None:
        """Print a line."""
        if not self._quiet:
            self._console.print(Text(terminal_safe(text), "dim"), soft_wrap=True)

    def phase(self, name: str, total: int) -> None:
        """Begin to count."""
        self._name, self._total, self._done = name, total, 0
        self._begun = self._clock()

    def advance(self, counts: Counts) -> None:
        """Count an answer and print a line if it is time."""
        self._done += 1
        self._counts = counts
        is_time = self._clock() - self._printed >= PLAIN_EVERY
        if self._live is None and is_time and not self._quiet:
            self._printed = self._clock()
            self._console.print(Text(self.line(), "dim"), soft_wrap=True)

    def line(self) -> str:
        """Format how far the phase is and what was left out so far."""
        seconds = self._clock() - self._begun
        rate = self._done / seconds if seconds > 0 else 0.0
        items = [
            f"{terminal_safe(self._name)}: {self._done:,} of {self._total:,}",
            f"{rate:,.1f}/s",
        ]
        counts = self._counts
        for name, count in counts.unusable.items():
            items.append(f"{count:,} {name}")
        if repeats := counts.repeats.total():
            items.append(f"{repeats:,} repeated")
        if counts.failed:
            items.append(f"{counts.failed:,} failed")
        if counts.kept:
            items.append(f"{counts.kept:,} from before")
        if rate and self._done < self._total:
            items.append(f"about {format_seconds((self._total - self._done) / rate)} left")
        return ", ".join(items)

    def _render(self) -> Spinner:
        if self._name:
            self._spinner.update(text=Text(self.line()))
        return self._spinner


def show_on_stderr(*, quiet: bool) -> GenerationDisplay:
    """Return a display on stderr, which nothing prints to if that is closed."""
    return GenerationDisplay(quiet=quiet or sys.stderr is None)
