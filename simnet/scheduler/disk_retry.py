"""A record whose disk may be full for a while."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from simnet.errors import DiskError
from simnet.scheduler.scheduler import Record

TRIED_EVERY = 1.0
"""Wall seconds between two attempts at a disk that refuses."""


class DiskRetry:
    """Tries again for as long as a disk refuses, and tells when that begins and ends."""

    def __init__(self, tell: Callable[[str | None], None]) -> None:
        """`tell` is given why the run is paused, and None when it goes on."""
        self._tell = tell
        self._paused = False
        self._given_up = False

    def give_up(self) -> None:
        """Raise what the disk says from now on."""
        self._given_up = True

    async def until_done(
        self, attempt: Callable[[], Awaitable[None]], again: Callable[[], Awaitable[None]]
    ) -> None:
        """Await an attempt, and `again` while the disk refuses. Raises DiskError once given up."""
        while True:
            try:
                await attempt()
            except DiskError as error:
                if self._given_up:
                    raise
                self._say(str(error))
                attempt = again
                await asyncio.sleep(TRIED_EVERY)
            else:
                self._say(None)
                return

    def _say(self, why: str | None) -> None:
        if self._paused != (why is not None):
            self._paused = why is not None
            self._tell(why)


class RetryingRecord:
    """A record that waits for room. What it was given once it keeps, and never takes twice."""

    def __init__(self, record: Record, patience: DiskRetry) -> None:
        self._record = record
        self._patience = patience

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Keep batches; returns when they are on disk, however long that takes."""
        await self._patience.until_done(
            partial(self._record.write, batches),
            partial(self._record.write, ()),  # the recorder holds what it could not write
        )
