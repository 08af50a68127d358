"""A fake model, whose reply is a function of the prompt: for tests, drafts and benchmarks."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from inspect import iscoroutine
from numbers import Real

from simnet.errors import UserCodeError
from simnet.foundation.arguments import checked
from simnet.foundation.text import CHARACTERS_PER_TOKEN
from simnet.foundation.user_code import shown, wrong_result
from simnet.inference.calls.fanout import as_finished
from simnet.inference.fakes.sample import Draws, sampler, sentence
from simnet.inference.model import Completion, Prompt, closed_model


def plausible(prompt: Prompt) -> str:
    """Draw a text that matches the prompt's pattern, or a sentence; equal prompts get equal texts.

    Raises ValueError for a pattern that is broken or outside of the grammar of `pattern_parser`.
    """
    draws = Draws(int(prompt.digest()[:16], 16))
    if prompt.pattern is None:
        return sentence(draws)
    try:
        return sampler(prompt.pattern)(draws)
    except re.error as fault:
        raise ValueError(f"the pattern {prompt.pattern!r} is broken: {fault}") from fault


@checked
class FakeModel:
    """Replies with `reply(prompt)`, at once or after `delay(prompt)` seconds.

    Replies of `plausible` match the prompt's pattern and are read strictly, those of other
    functions leniently. A ValueError of `reply` becomes a completion that finished with `error`.
    Token counts are estimates: four characters a token. `generate` raises UserCodeError where
    `reply` returns no text, or `delay` no number.
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
        """Yield all completions in one list, or each after its delay."""
        if self._closed:
            raise closed_model(self.name)
        if self._delay is None:
            yield [(at, self._complete(prompt, 0.0)) for at, prompt in enumerate(prompts)]
            return
        async for finished in as_finished(prompts, self._late):
            yield finished

    async def close(self) -> None:
        """Refuse further prompts."""
        self._closed = True

    async def _late(self, prompt: Prompt) -> Completion:
        assert self._delay is not None
        delay = self._delay(prompt)
        if not isinstance(delay, Real):
            raise _wrong("delay", self._delay, delay, "a number of seconds")
        await asyncio.sleep(delay)
        return self._complete(prompt, delay)

    def _complete(self, prompt: Prompt, seconds: float) -> Completion:
        prompt_tokens = (len(prompt.system) + len(prompt.user)) // CHARACTERS_PER_TOKEN + 1
        try:
            text = self._reply(prompt)
            if not isinstance(text, str):
                raise _wrong("reply", self._reply, text, "a text")
            constrained = prompt.pattern is not None and (
                self._reply is plausible or re.fullmatch(prompt.pattern, text) is not None
            )
        except (ValueError, re.error) as fault:
            return Completion(str(fault), "error", prompt_tokens, seconds=seconds)
        output_tokens = len(text) // CHARACTERS_PER_TOKEN + 1
        return Completion(
            text, "stop", prompt_tokens, 0, output_tokens, seconds, constrained=constrained,
            probabilities=_probabilities(prompt, text) if prompt.labels else None,
        )  # fmt: skip


def _wrong(kind: str, function: object, returned: object, wanted: str) -> UserCodeError:
    if not iscoroutine(returned):
        problem = f"returned {shown(returned)}; return {wanted}"
        return wrong_result(f"{kind} function", function, problem)
    returned.close()
    return wrong_result(f"{kind} function", function, "is an `async def`; write `def NAME(prompt)`")


def _probabilities(prompt: Prompt, text: str) -> tuple[float, ...]:
    """Draw a probability for each label; that of the reply, if it is a label, is the greatest."""
    draws = Draws(int(prompt.digest()[16:], 16))
    weights = [1 + draws.below(1000) for _ in prompt.labels]
    if text in prompt.labels:
        said, greatest = prompt.labels.index(text), weights.index(max(weights))
        weights[said], weights[greatest] = weights[greatest], weights[said]
    return tuple(weight / sum(weights) for weight in weights)
