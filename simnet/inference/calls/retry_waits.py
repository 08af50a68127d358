"""Keeps track of prompts that wait until they are sent to an endpoint again, and why."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Wait(NamedTuple):
    """Prompts that wait because the endpoint was busy, failed or out of reach."""

    reason: str
    """The endpoint's newest answer, or why there was none."""
    seconds: float
    """Wall seconds until the first of them is sent again."""
    prompts: int

    def describe(self) -> str:
        """Say in one line what prompts wait for, and how long."""
        who = "1 prompt waits" if self.prompts == 1 else f"{self.prompts:,} prompts wait"
        return f"{who}: {self.reason}; trying again in {self.seconds:.0f} s"


class RetryWaits:
    """The prompts of one model that wait for their next try."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[object, float] = {}
        self._reason = ""

    @contextmanager
    def waiting(self, reason: str, seconds: float) -> Iterator[None]:
        """Count a prompt during the block, which waits for so many seconds."""
        key = object()
        self._reason = reason
        self._until[key] = self._clock() + seconds
        try:
            yield
        finally:
            del self._until[key]

    def state(self) -> tuple[Wait, ...]:
        """Return what the prompts wait for, in one item; nothing if none waits."""
        if not self._until:
            return ()
        seconds = max(0.0, min(self._until.values()) - self._clock())
        return (Wait(self._reason, seconds, len(self._until)),)
