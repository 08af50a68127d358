"""Holds a short batch of views back while others are in flight: a decision may add views to it."""

import asyncio
from collections.abc import Callable

HOLD_SECONDS = 0.02
"""Longest time, in seconds, for which a short batch of views is held back."""


class ShortBatch:
    """How long the batch that is being gathered has been held back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: float | None = None

    def sent(self) -> None:
        """Note that the batch was sent."""
        self._since = None

    async def hold(self, decided: asyncio.Event) -> bool:
        """Wait for a decision, and return whether one came in time.

        A model that costs nothing so gets long batches; for a real model the wait, at most
        HOLD_SECONDS for any view, does not matter.
        """
        now = self._clock()
        if self._since is None:
            self._since = now
        try:
            async with asyncio.timeout(max(0.0, self._since + HOLD_SECONDS - now)):
                await decided.wait()
        except TimeoutError:
            self._since = None
            return False
        return True
