"""The protocols Runtime, which runs the parts of a run, and Reporter, which shows progress."""

import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from simnet.runtime.placement import Placement
from simnet.scheduler.driver import Phases
from simnet.scheduler.progress.messages import Finish, Progress


class Reporter(Protocol):
    """Receives the progress of a run. Its methods are called in the thread of the run."""

    def begun(self, folder: Path) -> None:
        """Take the run directory, which was just made or opened."""
        ...

    def phase(self, text: str) -> None:
        """Take a line that says what is done now."""
        ...

    def progress(self, progress: Progress) -> None:
        """Take how far the run is; called at most four times a second."""
        ...


class Silent:
    """A Reporter that shows nothing; override the methods you need."""

    def begun(self, folder: Path) -> None:
        """Do nothing."""

    def phase(self, text: str) -> None:
        """Do nothing."""

    def progress(self, progress: Progress) -> None:
        """Do nothing."""


class Runtime(AbstractAsyncContextManager["Runtime"], Protocol):
    """What runs the parts of a run: a Cluster or InProcess."""

    phases: Phases
    placement: Placement | None
    epoch: int | None
    """That of the recorder, None before it is open; see `Recorder`."""

    def run(self) -> AsyncIterator[Progress | Finish]:
        """Run to the end; yield progress, and a Finish as the last item."""
        ...

    def refreshed(self, progress: Progress) -> Progress:
        """Return a report with the newest statistics of the models."""
        ...

    def stop(self) -> None:
        """Start no more turns; `run` ends once those in flight are recorded.

        Turns whose prompts wait for an endpoint are left for a resume.
        """
        ...

    async def close(self) -> None:
        """End what goes on after the runtime was left because an actor died; may be repeated."""
        ...

    def abandon(self, number: signal.Signals) -> None:
        """End this process and all it started at once, after a second signal."""
        ...

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Append batches of (table, encoded rows) to the record."""
        ...

    async def seal(self) -> None:
        """Turn what was recorded into sealed tables."""
        ...
