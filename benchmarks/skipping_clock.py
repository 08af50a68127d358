"""An event loop whose clock skips what is waited for; no benchmark itself.

What this process computes takes the CPU time that it takes, so figures do not depend on what else
the machine does, and an hour of waiting takes no time.
"""

import asyncio
import selectors
import time


class SkippingLoop(asyncio.SelectorEventLoop):
    """Never sleeps; for what is done in this process alone."""

    def __init__(self) -> None:
        self._skipped, self._began = 0.0, time.process_time()
        super().__init__(_Skipping(self))

    def time(self) -> float:
        """Return the seconds that were skipped or computed."""
        return self._skipped + time.process_time() - self._began

    def skip(self, seconds: float) -> None:
        """Let time pass."""
        self._skipped += seconds


class _Skipping(selectors.SelectSelector):
    def __init__(self, loop: SkippingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing will ever happen again")
        self._loop.skip(max(0.0, timeout))
        return []
