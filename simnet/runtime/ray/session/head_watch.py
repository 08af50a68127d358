"""Notices that the head of a cluster is lost, of which Ray says nothing for a minute or more."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from typing import Any, TypeVar

from simnet.errors import RunError

T = TypeVar("T")
LOOK_SECONDS = 1.0
"""Wall seconds between two looks."""
ANSWER_SECONDS = 2.0
"""Wall seconds in which a head that lives accepts a connection."""
MISSES = 3
"""Looks in a row without an answer after which the head counts as lost: 9 s at most."""


class HeadLostError(RunError):
    """The head of the cluster does not answer any more; a run cannot go on without it."""


class HeadWatch:
    """Connects to the head of a cluster again and again, and ends what waits once it is lost."""

    def __init__(self, address: str) -> None:
        """Take its HOST:PORT."""
        host, _, port = address.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self._watching: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start to watch."""
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Stop watching."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
            self._watching = None

    @property
    def lost(self) -> bool:
        """Whether the head is lost."""
        watching = self._watching
        return watching is not None and watching.done() and not watching.cancelled()

    async def guard(self, work: Awaitable[T]) -> T:
        """Return what is awaited. Raises HeadLostError once the head is lost."""
        task = asyncio.ensure_future(work)
        watching = self._watching
        if watching is None:
            return await task
        try:
            await asyncio.wait({task, watching}, return_when=asyncio.FIRST_COMPLETED)
            if self.lost:
                watching.result()
            return await task
        finally:
            if not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await asyncio.wait({task}, timeout=1.0)

    async def guarded(self, items: AsyncIterator[T]) -> AsyncIterator[T]:
        """Yield items as they come. Raises HeadLostError once the head is lost."""
        while True:
            try:
                item = await self.guard(_next(items))
            except _EndError:
                return
            yield item

    async def _watch(self) -> None:
        missed = 0
        while missed < MISSES:
            missed = 0 if await self._answers() else missed + 1
            await asyncio.sleep(LOOK_SECONDS if missed < MISSES else 0)
        raise HeadLostError(
            f"the head of the Ray cluster at {self._host}:{self._port} does not answer any more, "
            "and the cluster ends with it; start a cluster and resume the run there"
        )

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                _, writer = await asyncio.open_connection(self._host, self._port)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True


async def _next(items: AsyncIterator[Any]) -> Any:
    try:
        return await anext(items)
    except StopAsyncIteration as end:
        raise _EndError from end


class _EndError(Exception):
    """There are no more items; a task cannot raise StopAsyncIteration."""
