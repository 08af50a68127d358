"""Yields while nothing happens, so that a run that waits can be shown and judged."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

T = TypeVar("T")


async def with_beats(items: AsyncIterator[T], seconds: float) -> AsyncIterator[T | None]:
    """Yield the items, and None whenever none came for so many wall seconds."""
    following: asyncio.Future[T] | None = None
    try:
        while True:
            if following is None:
                following = asyncio.ensure_future(anext(items))
            done, _ = await asyncio.wait({following}, timeout=seconds)
            if not done:
                yield None
                continue
            came, following = following, None
            try:
                item = came.result()
            except StopAsyncIteration:
                return
            yield item
    finally:
        if following is not None:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
