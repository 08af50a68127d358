"""Sends rows to the record: several writes at once, in batches, calls before what needs them."""

import asyncio
from collections.abc import Callable, Sequence

from simnet.scheduler.partners import Record
from simnet.scheduler.rows.row_buffer import RowBuffer

ROWS_PER_WRITE = 4096
WRITE_SECONDS = 0.1
"""Time in seconds after which rows are written even if there are few."""
WRITES_IN_FLIGHT = 4
"""Most unacknowledged writes: a slow disk slows the run down and memory does not grow."""


class RowWriter:
    """Writes the rows of one buffer."""

    def __init__(self, rows: RowBuffer, record: Record, clock: Callable[[], float]) -> None:
        self._rows, self._record, self._clock = rows, record, clock
        self._writing: dict[asyncio.Task[None], float] = {}
        """Writes that are not acknowledged, oldest first, with the times at which they began."""
        self._slots = asyncio.Semaphore(WRITES_IN_FLIGHT)
        self._written_at = clock()
        self.writes = 0
        """Batches that were sent."""

    def begin(self) -> None:
        """Count the time until the next write from now on."""
        self._written_at = self._clock()

    @property
    def lag(self) -> float:
        """How long the oldest rows wait that were sent and are not acknowledged, in seconds."""
        return self._clock() - min(self._writing.values()) if self._writing else 0.0

    def due_in(self) -> float:
        """Return after how many seconds rows have to be written."""
        return max(0.0, self._written_at + WRITE_SECONDS - self._clock())

    async def write(self, tasks: asyncio.TaskGroup, *, everything: bool = False) -> None:
        """Send rows to the record once there are enough, calls before rows that depend on them."""
        now = self._clock()
        late = now - self._written_at >= WRITE_SECONDS
        if not (everything or late or self._rows.events >= ROWS_PER_WRITE):
            return
        batches = self._rows.take()
        self._written_at = now
        if batches:
            self.writes += 1
            await self._slots.acquire()
            task = tasks.create_task(self._write(batches))
            self._writing[task] = now
            task.add_done_callback(self._writing.pop)

    async def _write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        try:
            await self._record.write(batches)
        finally:
            self._slots.release()
