"""Notices that a model which has work makes no progress."""

import asyncio
import time
from collections.abc import Callable

_LAST_CHANCE = 0.5
"""Wall seconds."""


class Watchdog:
    """Barks once when `patience` seconds pass at work without a sign of life.

    It looks only when the next bark could be due. `bark` is called on the event loop in
    which `work` was called.
    """

    def __init__(self, patience: float, bark: Callable[[], None]) -> None:
        self._patience = patience
        self._bark = bark
        self._seen = 0.0
        self._working = 0
        self._timer: asyncio.TimerHandle | None = None
        self._warned = False

    def alive(self) -> None:
        """Take note of a sign of life."""
        self._seen = time.monotonic()
        self._warned = False

    def work(self) -> None:
        """Take note of a piece of work that began."""
        self._working += 1
        if self._working == 1:
            self.alive()
            if self._timer is None:
                self._arm(self._patience)

    def rest(self) -> None:
        """Take note of a piece of work that ended, which is a sign of life too."""
        self._working -= 1
        self.alive()

    def stop(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._working:
            return
        left = self._seen + self._patience - time.monotonic()
        if left > 0:
            self._arm(left)
        elif not self._warned:
            # If it was this process that stood still, the signs of life come now.
            self._warned = True
            self._arm(min(_LAST_CHANCE, self._patience))
        else:
            self._bark()
