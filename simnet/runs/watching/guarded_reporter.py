"""Keeps faults of what only shows a run away from the run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simnet.foundation import log
from simnet.runtime.base import Reporter
from simnet.scheduler.progress.messages import Progress

_LOG = log.get("simnet.run")


class Guard:
    """Swallows what is raised while something is shown, and logs the first fault.

    A display fails for reasons that are not the run's: a closed pipe, a terminal that goes away, a
    character that an encoding lacks, a reporter of the user that raises.
    """

    def __init__(self) -> None:
        self.failures = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Run a block; an Exception in it ends the block and nothing else."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  (it is logged, and nothing depends on it)
            self.failures += 1
            if self.failures == 1:
                _LOG.warning(
                    "the display failed; the run goes on", error=f"{type(error).__name__}: {error}"
                )


class GuardedReporter:
    """A Reporter that passes all on to another one and survives its faults."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._guard = Guard()

    def begun(self, folder: Path) -> None:
        """Pass the run directory on."""
        with self._guard():
            self._reporter.begun(folder)

    def phase(self, text: str) -> None:
        """Pass a phase on."""
        with self._guard():
            self._reporter.phase(text)

    def progress(self, progress: Progress) -> None:
        """Pass progress on."""
        with self._guard():
            self._reporter.progress(progress)
