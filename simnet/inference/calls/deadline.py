"""How long a model call may take: as long as the user says, or by how fast the model is.

Without a limit of the user, a call may take `AT_FIRST` until a reply has come, and then `FACTOR`
times the slowest of the newest replies. While an engine makes tokens, a call that is late is given
the time that it needs at the speed of the moment. So a busy machine makes a run slow, and does not
turn its calls into failures.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

AT_FIRST = 300.0
"""Wall seconds that a call may take before any reply has come."""
SHORTEST, LONGEST = 120.0, 3600.0
"""Bounds of the limit that goes by measured speed, wall seconds."""
FACTOR = 8.0
LATE = "no reply within"
"""How the text of a completion begins that missed its deadline."""
_MEASURED = 64
"""Number of the newest calls that are taken into account."""
_REVIEWED_AT = 0.95
"""Share of its time after which it is decided whether a call gets more."""


class CallDeadline:
    """The limit of the calls of one model."""

    def __init__(self, load: Callable[[], tuple[int, int]] | None = None) -> None:
        """Take what returns the tokens made so far and the requests in flight, where known."""
        self._load = load
        self._newest: deque[float] = deque(maxlen=_MEASURED)
        """Seconds of replies. A missed deadline counts as a reply that took a quarter of it, since
        `FACTOR` times that is twice the deadline."""

    def seconds(self, fixed: float | None) -> float:
        """Return the wall seconds that a call may take that begins now."""
        if fixed is not None:
            return fixed
        if not self._newest:
            return AT_FIRST
        return min(LONGEST, max(SHORTEST, FACTOR * max(self._newest)))

    def took(self, seconds: float) -> None:
        """Count a reply, which came after so many seconds."""
        self._newest.append(seconds)

    def missed(self, seconds: float) -> None:
        """Count a call that had no reply within so many seconds: later ones get twice as long.

        It does not count before there was any reply: nothing shows then that longer would do.
        """
        if self._newest:
            self._newest.append(2 * seconds / FACTOR)

    def begin(self, fixed: float | None, tokens: int) -> "CallTimeout":
        """Return the timeout of a call that makes up to `tokens` tokens; enter it at once."""
        return CallTimeout(self.seconds(fixed), tokens, self._load if fixed is None else None)


class CallTimeout:
    """The timeout of one call, which gets more time as long as the engine is fast enough."""

    def __init__(
        self, limit: float, tokens: int, load: Callable[[], tuple[int, int]] | None
    ) -> None:
        """Take the limit; without `load` it is never extended."""
        self._limit, self._tokens, self._load = limit, tokens, load
        self._timeout = asyncio.timeout(limit)
        self._review: asyncio.TimerHandle | None = None
        self._began = 0.0
        self._made_before = 0

    async def __aenter__(self) -> Self:
        if self._load is not None:
            loop = asyncio.get_running_loop()
            self._began = loop.time()
            self._made_before, _ = self._load()
            at = self._began + _REVIEWED_AT * self._limit
            self._review = loop.call_at(at, self._extend, self._load, self._limit)
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._review is not None:
            self._review.cancel()
        await self._timeout.__aexit__(kind, error, trace)

    def expired(self) -> bool:
        """Whether the call had no reply in time."""
        return self._timeout.expired()

    def _extend(self, load: Callable[[], tuple[int, int]], limit: float) -> None:
        made, in_flight = load()
        elapsed = limit * _REVIEWED_AT
        speed = (made - self._made_before) / elapsed / max(1, in_flight)
        needed = min(LONGEST, 2 * self._tokens / speed) if speed > 0 else 0.0
        if needed > limit:
            loop = asyncio.get_running_loop()
            self._timeout.reschedule(self._began + needed)
            at = self._began + _REVIEWED_AT * needed
            self._review = loop.call_at(at, self._extend, load, needed)


def late(seconds: float) -> str:
    """Say that a call had no reply in time, and what sets the limit."""
    return f"{LATE} {round(seconds, 2):g} s; --deadline sets another limit"
