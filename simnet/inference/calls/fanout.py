"""Completes the prompts of a list concurrently and yields completions as they finish."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from simnet.inference.model import Completion, Prompt

GATHERED = 0.01
"""Seconds for which a completion waits for others of its list at most, so that fewer lists are sent
to other processes. An engine takes about as long for one token."""


async def as_finished(
    prompts: Sequence[Prompt], complete: Callable[[Prompt], Awaitable[Completion]]
) -> AsyncIterator[list[tuple[int, Completion]]]:
    """Yield lists of (position, completion), each with all that finished within `GATHERED`.

    Closing the generator cancels what is not finished. The first error of `complete` is raised
    once the completions before it have been yielded.
    """
    ready: asyncio.Queue[tuple[int, Completion | Exception]] = asyncio.Queue()

    async def run(at: int, prompt: Prompt) -> None:
        try:
            ready.put_nowait((at, await complete(prompt)))
        except Exception as fault:  # noqa: BLE001  (handed to the consumer, which raises it)
            ready.put_nowait((at, fault))

    tasks = [asyncio.create_task(run(at, prompt)) for at, prompt in enumerate(prompts)]
    try:
        left = len(tasks)
        while left:
            found = [await ready.get()]
            if left > 1:
                await asyncio.sleep(GATHERED)
            while not ready.empty():
                found.append(ready.get_nowait())
            left -= len(found)
            done = [(at, got) for at, got in found if isinstance(got, Completion)]
            if done:
                yield done
            for _, got in found:
                if isinstance(got, Exception):
                    raise got
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
