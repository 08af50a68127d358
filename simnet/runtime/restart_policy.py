"""Limits how often a process is restarted, with exponential back-off."""

import time
from collections import deque
from collections.abc import Callable

RESTARTS = 5
"""Default of the most restarts in a window."""
_WINDOW = 900.0


class Restarts:
    """At most `most` restarts in `window` seconds, each after twice the wait of the last.

    Failures older than the window do not count: a process that fails once a day is restarted
    after `first` seconds each time. No wait is longer than `longest` seconds.
    """

    def __init__(
        self,
        most: int = RESTARTS,
        window: float = _WINDOW,
        *,
        first: float = 1.0,
        longest: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most = most
        self.window = window
        self._first = first
        self._longest = longest
        self._clock = clock
        self._failures: deque[float] = deque()

    def failed(self) -> float | None:
        """Record a failure; return the seconds to wait, or None if there were too many."""
        now = self._clock()
        self._failures.append(now)
        while self._failures[0] < now - self.window:
            self._failures.popleft()
        if len(self._failures) > self.most:
            return None
        return float(min(self._longest, self._first * 2 ** (len(self._failures) - 1)))
