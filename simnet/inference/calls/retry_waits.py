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
    endpoint: str = ""
    """The address, if it asks that nothing is sent for longer than a minute."""
    until: float | None = None
    """When that is over, in seconds since 1970."""

    def describe(self) -> str:
        """Say in one line what prompts wait for, and how long."""
        who = "1 prompt waits" if self.prompts == 1 else f"{self.prompts:,} prompts wait"
        if self.until is not None:
            return f"{who}: {self.reason}; {self.endpoint} asks to wait until {clock(self.until)}"
        return f"{who}: {self.reason}; trying again in {self.seconds:.0f} s"


def clock(at: float) -> str:
    """Write a time, in seconds since 1970, as `14:20`, with the date unless that is today's."""
    then = time.localtime(at)
    today = time.strftime("%Y-%m-%d") == time.strftime("%Y-%m-%d", then)
    return time.strftime("%H:%M" if today else "%Y-%m-%d %H:%M", then)


class RetryWaits:
    """The prompts of one model that wait for their next try."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        endpoint: str = "",
    ) -> None:
        """Take a clock that never jumps, one that tells the time, and the endpoint's address."""
        self._endpoint = endpoint
        self._now, self._wall = now, wall
        self._until: dict[object, float] = {}
        self._reason = ""
        self._opens_at = 0.0
        self._told_until: float | None = None

    @contextmanager
    def waiting(self, reason: str | None, seconds: float) -> Iterator[None]:
        """Count a prompt during the block, which waits for so many seconds.

        With None as the reason it waits for that of others.
        """
        key = object()
        self._reason = self._reason if reason is None else reason
        self._until[key] = self._now() + seconds
        try:
            yield
        finally:
            del self._until[key]

    def close(self, seconds: float, reason: str) -> None:
        """Note that the endpoint asks for so many seconds without any prompt."""
        if seconds > self.closed_for():
            self._opens_at = self._now() + seconds
            self._told_until = self._wall() + seconds
            self._reason = reason

    def closed_for(self) -> float:
        """Return for how many seconds no prompt may be sent any more."""
        return max(0.0, self._opens_at - self._now())

    def state(self) -> tuple[Wait, ...]:
        """Return what the prompts wait for, in one item; nothing if none waits."""
        if not self._until:
            return ()
        seconds = max(0.0, min(self._until.values()) - self._now())
        if self.closed_for():
            wait = Wait(self._reason, seconds, len(self._until), self._endpoint, self._told_until)
            return (wait,)
        return (Wait(self._reason, seconds, len(self._until)),)
