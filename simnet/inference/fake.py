"""A model that is a function of the prompt: for tests, replays of ideas and load."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence

from simnet.errors import RunError
from simnet.inference.model import Completion, Prompt
from simnet.inference.sample import Draws, sampler, sentence

_CHARACTERS_PER_TOKEN = 4


def plausible(prompt: Prompt) -> str:
    """Say what the prompt's pattern allows, or a sentence; the same for the same prompt.

    Raises ValueError for a pattern that is broken or beyond what can be drawn.
    """
    draws = Draws(int(prompt.digest()[:16], 16))
    if prompt.pattern is None:
        return sentence(draws)
    try:
        return sampler(prompt.pattern)(draws)
    except re.error as fault:
        raise ValueError(f"the pattern {prompt.pattern!r} is broken: {fault}") from fault


class FakeModel:
    """Replies with `reply(prompt)`, at once or after `delay(prompt)` seconds.

    A ValueError of `reply` becomes a completion that finished with `error`. Token
    counts are estimates: four characters a token.
    """

    def __init__(
        self,
        reply: Callable[[Prompt], str] = plausible,
        *,
        delay: Callable[[Prompt], float] | None = None,
        name: str = "fake",
    ) -> None:
        self.name = name
        self._reply = reply
        self._delay = delay
        self._closed = False

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield all completions in one list, or each as its delay has passed."""
        if self._closed:
            raise RunError(f"the model {self.name!r} is closed")
        if self._delay is None:
            yield [(at, self._complete(prompt, 0.0)) for at, prompt in enumerate(prompts)]
            return
        ready: asyncio.Queue[tuple[int, float]] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        delays = [self._delay(prompt) for prompt in prompts]
        timers = [
            loop.call_later(delay, ready.put_nowait, (at, delay)) for at, delay in enumerate(delays)
        ]
        try:
            left = len(prompts)
            while left:
                due = [await ready.get()]
                while not ready.empty():
                    due.append(ready.get_nowait())
                left -= len(due)
                yield [(at, self._complete(prompts[at], delay)) for at, delay in due]
        finally:
            for timer in timers:
                timer.cancel()

    async def close(self) -> None:
        """Refuse further prompts."""
        self._closed = True

    def _complete(self, prompt: Prompt, seconds: float) -> Completion:
        asked = (len(prompt.system) + len(prompt.user)) // _CHARACTERS_PER_TOKEN + 1
        try:
            text = self._reply(prompt)
        except ValueError as fault:
            return Completion(str(fault), "error", asked, seconds=seconds)
        spent = len(text) // _CHARACTERS_PER_TOKEN + 1
        return Completion(text, "stop", asked, 0, spent, seconds)
