"""Detects a stalled engine: requests are in flight, but no token arrives."""

import asyncio
import time
from collections.abc import Callable

_RECHECK = 0.5
"""Wall seconds between the first sight of a stall and the call of `on_stall`."""


class Watchdog:
    """Calls `on_stall` once if no token arrives for `timeout` seconds while requests are in flight.

    It runs no task: a timer looks at the time of the last token when a stall could be due.
    `on_stall` is called on the event loop in which `begin` was called.
    """

    def __init__(self, timeout: float, on_stall: Callable[[], None]) -> None:
        self._timeout = timeout
        self._on_stall = on_stall
        self._last_token = 0.0
        self._in_flight = 0
        self._timer: asyncio.TimerHandle | None = None
        self._suspected = False

    def alive(self) -> None:
        """Note that a token has arrived."""
        self._last_token = time.monotonic()
        self._suspected = False

    def begin(self) -> None:
        """Note that a request has begun."""
        self._in_flight += 1
        if self._in_flight == 1:
            self.alive()
            if self._timer is None:
                self._set_timer(self._timeout)

    def end(self) -> None:
        """Note that a request has ended, which counts as a token."""
        self._in_flight -= 1
        self.alive()

    def stop(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()

    def _set_timer(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._check)

    def _check(self) -> None:
        self._timer = None
        if not self._in_flight:
            return
        left = self._last_token + self._timeout - time.monotonic()
        if left > 0:
            self._set_timer(left)
        elif not self._suspected:
            # If this process was suspended, tokens are waiting and arrive before the next check.
            self._suspected = True
            self._set_timer(min(_RECHECK, self._timeout))
        else:
            self._on_stall()
