"""Tells which code of the user runs for long or blocks often; a signal can end it.

A function of the user that never ends blocks its process, so a thread looks at what the other
threads run. It costs nothing while all is well: what runs is read from the stacks.
"""

import signal
import sys
from collections.abc import Callable
from threading import Event, Thread
from time import monotonic
from types import FrameType
from typing import Self

from simnet.errors import short_path
from simnet.foundation import log
from simnet.foundation.hard_exit import end_process
from simnet.foundation.user_code import Interrupted, Place, Running, running, running_now

LOGGER = "simnet.watchdog"
LOOK_SECONDS = 1.0
"""Wall seconds between two looks."""
TELL_SECONDS = 20.0
"""Wall seconds that code of the user runs before the watchdog tells of it; after that, each time
that has doubled."""

OFTEN = 6
"""Calls in which one line of the user was seen to run, after which the watchdog tells of it, if it
ran at half of all looks since the first or more."""

_LOG = log.get(LOGGER)


def tell(text: str) -> None:
    """Log a warning; where no log is set up, as in a run from Python, print it on stderr."""
    _LOG.warning(text)
    if not log.is_set_up():
        sys.stderr.write(f"simnet: {text}\n")


def describe(found: Running, seconds: float) -> str:
    """Say whose code has been running for so many seconds."""
    at = f"{short_path(found.place.file)}:{found.place.line}"
    return f"{found.whom} has been running for {seconds:.0f} s at {at}"


def describe_often(found: Running) -> str:
    """Say which line of the user takes most of the time, in many short calls."""
    at = f"{short_path(found.place.file)}:{found.place.line}"
    return (
        f"{at} takes most of the time, now for {found.whom}; nothing else of this process goes on "
        "meanwhile, so do there no waiting and no long work"
    )


class _OftenSeen:
    """Finds a line that runs at many looks, in many calls."""

    def __init__(self) -> None:
        self._looks = 0
        self._seen: dict[Place, list[int]] = {}
        """Of each line, the first look at which it ran, how many there were, and in how many
        calls."""
        self._told: set[Place] = set()

    def look(self, found: Running | None, *, again: bool) -> bool:
        """Count what runs, `again` in the same call; whether its line is to be told of, once."""
        self._looks += 1
        if found is None:
            return False
        seen = self._seen.setdefault(found.place, [self._looks, 0, 0])
        seen[1] += 1
        seen[2] += not again
        if found.place in self._told or seen[2] < OFTEN:
            return False
        if 2 * seen[1] < self._looks - seen[0]:
            return False
        self._told.add(found.place)
        return True


class Watchdog:
    """A thread that looks what other threads of this process run. Use it as a context manager."""

    def __init__(
        self,
        tell: Callable[[str], None] = tell,
        *,
        after: float = TELL_SECONDS,
        every: float = LOOK_SECONDS,
    ) -> None:
        """Take a function that gets a line about code that runs for more than `after` seconds."""
        self._tell = tell
        self._after = after
        self._every = every
        self._stop = Event()
        self._thread = Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def start(self) -> None:
        """Begin to look, until the process ends or the block is left."""
        self._thread.start()

    def _watch(self) -> None:
        last: FrameType | None = None
        since = told_at = 0.0
        often = _OftenSeen()
        while not self._stop.wait(self._every):
            found = next(running_now(), None)
            if often.look(found, again=found is not None and found.boundary is last):
                assert found is not None
                self._tell(describe_often(found))
            if found is None or found.boundary is not last:
                last = None if found is None else found.boundary
                since, told_at = monotonic(), self._after
            elif (seconds := monotonic() - since) >= told_at:
                told_at = 2 * seconds
                self._tell(f"{describe(found, seconds)}; Ctrl-C twice ends the run in good order")


class SignalInUserCode:
    """Handles a signal that comes while this thread runs code of the user.

    The event loop, which is blocked then, would never learn of it. The first signal is told of,
    the second ends the code by an exception, the third ends the process.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        """Take a function that gets a line about what a signal does."""
        self._tell = tell
        self._count = 0
        self.last: signal.Signals | None = None
        """The last signal that came, also if the event loop ended before it could tell of it."""
        self.ended_code = False
        """Whether a signal ended code of the user."""

    def install(self, number: signal.Signals) -> None:
        """Handle a signal. Raises ValueError outside the main thread."""
        signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.last = signal.Signals(number)
        found = running(frame)
        if found is None:
            return  # the event loop runs and handles it
        self._count += 1
        if self._count == 1:
            self._tell(f"stopping: waiting for {found.whom}, which is running (again to end it)")
        elif self._count == 2:
            self.ended_code = True
            raise Interrupted
        else:
            sys.stderr.flush()
            end_process(128 + number)
