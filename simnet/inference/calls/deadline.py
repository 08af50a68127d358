"""How long a model call may take: as long as the user says, or by how fast the model is.

Without a limit of the user, a call may take `AT_FIRST` until a reply has come, and then `FACTOR`
times the slowest of the newest replies. While an engine makes tokens, a call that is late is given
the time that it needs at the speed of the moment. So a busy machine makes a run slow, and does not
turn its calls into failures.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

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
        """Seconds of replies, and of a missed deadline as if it had needed a quarter more."""

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

    def begin(self, fixed: float | None, tokens: int) -> asyncio.Timeout:
        """Return the timeout of a call that makes up to `tokens` tokens; enter it at once."""
        limit = self.seconds(fixed)
        timeout = asyncio.timeout(limit)
        if fixed is None and self._load is not None:
            loop = asyncio.get_running_loop()
            review = _Review(self._load, timeout, loop.time(), tokens)
            loop.call_later(_REVIEWED_AT * limit, review, limit)
        return timeout


class _Review:
    """Gives a late call more time as long as the engine makes tokens fast enough."""

    def __init__(
        self, load: Callable[[], tuple[int, int]], timeout: asyncio.Timeout, at: float, tokens: int
    ) -> None:
        self._load = load
        self._timeout = timeout
        self._began = at
        self._tokens = tokens
        self._made_before, _ = load()

    def __call__(self, limit: float) -> None:
        made, in_flight = self._load()
        elapsed = limit * _REVIEWED_AT
        speed = (made - self._made_before) / elapsed / max(1, in_flight)
        needed = min(LONGEST, 2 * self._tokens / speed) if speed > 0 else 0.0
        if needed > limit:
            loop = asyncio.get_running_loop()
            with suppress(RuntimeError):  # the call is over
                self._timeout.reschedule(self._began + needed)
                loop.call_at(self._began + _REVIEWED_AT * needed, self, needed)


def late(seconds: float) -> str:
    """Say that a call had no reply in time, and what sets the limit."""
    return f"{LATE} {round(seconds, 2):g} s; --deadline sets another limit"
