"""Where a run takes place, and who is told how it goes."""

import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from simnet.runtime.placement import Placement
from simnet.scheduler.driver import Phases
from simnet.scheduler.messages import Finish, Progress


class Reporter(Protocol):
    """Whoever is told how a run goes."""

    def begun(self, folder: Path) -> None:
        """Tell where the record will be."""
        ...

    def phase(self, text: str) -> None:
        """Tell what is being done now."""
        ...

    def progress(self, progress: Progress) -> None:
        """Tell how far the run is."""
        ...


class Silent:
    """Tells nobody."""

    def begun(self, folder: Path) -> None:
        """Say nothing."""

    def phase(self, text: str) -> None:
        """Say nothing."""

    def progress(self, progress: Progress) -> None:
        """Say nothing."""


class Runtime(AbstractAsyncContextManager["Runtime"], Protocol):
    """Where a run takes place: a Cluster or InProcess."""

    phases: Phases
    placement: Placement | None

    def run(self) -> AsyncIterator[Progress | Finish]:
        """Run; yield progress, and how it ended as the last thing."""
        ...

    def stop(self) -> None:
        """Begin nothing more."""
        ...

    def abandon(self, number: signal.Signals) -> None:
        """End everything now."""
        ...

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Record rows."""
        ...

    async def seal(self) -> None:
        """Seal the record."""
        ...
