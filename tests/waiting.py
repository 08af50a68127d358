"""Tests wait for what they presume, never for time: only the time limit of a test ends a wait."""

import asyncio
import time
from pathlib import Path

from simnet import Run
from simnet.recording.files.manifest import MANIFEST

_EVERY = 0.02
"""Wall seconds between two looks, at the least."""
_IDLE = 4.0
"""How many times as long as a look the pause after it is, so that what is awaited gets the CPU."""
_ENDING = 120.0
"""Wall seconds after which a process is taken for one that does not end."""


def wait_until(condition):
    """Return what a condition says once that is true."""
    began = time.perf_counter()
    while not (found := condition()):
        time.sleep(max(_EVERY, _IDLE * (time.perf_counter() - began)))
        began = time.perf_counter()
    return found


async def until(condition):
    """Return what a condition says once that is true; the event loop goes on meanwhile."""
    while not (found := condition()):  # noqa: ASYNC110  (it is told of by no event)
        await asyncio.sleep(0.002)
    return found


def rows_on_disk(root, table):
    """Count the rows of a table that the one run in `root` has recorded; 0 before it begins."""
    for manifest in Path(root).glob(f"*/{MANIFEST}"):
        return Run.open(manifest.parent).read(table).num_rows
    return 0


def survivors(processes):
    """Wait for processes to end, and return those that do not."""
    import psutil

    def lives(process):
        try:
            return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    deadline = time.monotonic() + _ENDING
    while (left := [one for one in processes if lives(one)]) and time.monotonic() < deadline:
        time.sleep(_EVERY)
    return left


class Hold:
    """Stops a run at a simulated time until what a test does to it is done.

    A run whose fake model has such a delay cannot be over before that, however fast it is and
    however slow the test.
    """

    def __init__(self, folder, since):
        """Hold prompts of `since` or later; other processes are told by files in `folder`."""
        self._since = since
        self._reached = Path(folder) / "reached"
        self._released = Path(folder) / "released"

    @property
    def reached(self):
        """Whether a prompt is or was held."""
        return self._reached.exists()

    def release(self):
        """Let all prompts go on."""
        self._released.touch()

    def delay(self, usual):
        """Make the delay of a fake model: the usual one, and a hold."""
        since, reached, released = self._since, self._reached, self._released

        # Nested, because functions of this module cannot be imported by other processes.
        def delay(prompt):
            if prompt.priority >= since and not released.exists():  # it is the time of the turn
                reached.touch()
                while not released.exists():
                    time.sleep(0.02)
            return usual(prompt)

        return delay
