"""Retries writes to the record while its disk is full or fails.

An error that does not pass by itself, such as a read-only disk or a wrong path, is not waited for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial

from simnet.errors import DiskError, DiskRefusalError
from simnet.scheduler.partners import Record

RETRY_SECONDS, LONGEST_SECONDS = 1.0, 30.0
"""Wall seconds until the second attempt, and the longest until a later one: each waits twice as
long as the one before, since an attempt to write to a full disk leaves a file in `wal/`."""


def pause_text(why: str | None) -> str:
    """Say that a run waits for its disk, or, without `why`, that it goes on."""
    return f"paused: {why}" if why else "there is room again; going on"


class DiskRetry:
    """Repeats an operation while it raises DiskError, and reports when that begins and ends."""

    def __init__(self, on_change: Callable[[str | None], None]) -> None:
        """Take a function that is called with why the run is paused, and with None after."""
        self._on_change = on_change
        self._paused = False
        self._given_up = asyncio.Event()

    def give_up(self) -> None:
        """Raise the next DiskError instead of retrying, and wait no longer."""
        self._given_up.set()

    async def until_done(
        self, attempt: Callable[[], Awaitable[None]], retry: Callable[[], Awaitable[None]]
    ) -> None:
        """Await `attempt`, then `retry` until it succeeds.

        Raises DiskError after `give_up`, and at once one that does not pass by itself.
        """
        wait = RETRY_SECONDS
        while True:
            try:
                await attempt()
            except DiskError as error:
                if self._given_up.is_set() or isinstance(error, DiskRefusalError):
                    raise
                self._set_paused(str(error))
                attempt = retry
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._given_up.wait(), wait)
                wait = min(2 * wait, LONGEST_SECONDS)
            else:
                self._set_paused(None)
                return

    async def insist(self, write: Callable[[], object]) -> None:
        """Call a function that can be repeated until it raises no DiskError; see `until_done`."""

        async def attempt() -> None:
            write()

        await self.until_done(attempt, attempt)

    def _set_paused(self, why: str | None) -> None:
        if self._paused != (why is not None):
            self._paused = why is not None
            self._on_change(why)


class RetryingRecord:
    """A record whose writes wait until the disk accepts them; each batch is written once."""

    def __init__(self, record: Record, disk_retry: DiskRetry) -> None:
        self._record = record
        self._disk_retry = disk_retry

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Append batches; return when they are on disk, however long that takes."""
        await self._disk_retry.until_done(
            partial(self._record.write, batches),
            partial(self._record.write, ()),  # the recorder kept what it could not write
        )
