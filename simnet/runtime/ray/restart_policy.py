"""How often something that dies may be restarted, and how long to wait before."""

import time
from collections import deque
from collections.abc import Callable

RESTARTS = 5
"""How often by default."""
_WINDOW = 900.0


class Restarts:
    """At most `most` in any `window` seconds, each after a wait twice as long as the last.

    A wait is forgotten with the failure that led to it: what fails once a day is restarted
    after `first` seconds each time.
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
        """Take note of a failure; return the seconds to wait, or None if that was one too many."""
        now = self._clock()
        self._failures.append(now)
        while self._failures[0] < now - self.window:
            self._failures.popleft()
        if len(self._failures) > self.most:
            return None
        return float(min(self._longest, self._first * 2 ** (len(self._failures) - 1)))
