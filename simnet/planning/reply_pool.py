"""Replies that a model gave in the first part of a run, to draw the replies of the rest from.

The replies of a cohort are grouped by what their prompts allowed: which verbs, whatever the
number of posts to choose from. The number of the post in a reply that was drawn is kept if the
prompt shows so many posts, and drawn again otherwise.
"""

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simnet import draws
from simnet.foundation.text import CHARACTERS_PER_TOKEN
from simnet.inference.fakes.fake import plausible
from simnet.inference.model import Completion, Prompt

MANY = 30
"""Calls from which the growth of tokens with characters can be fitted."""
ENOUGH, ENOUGH_PER_VERB = 10, 3
"""Replies of a kind that are enough to draw from: so many, and so many for each verb allowed."""
_OPTIONS = re.compile(r"\(\d+(?:\|\d+)*\)")
_ALTERNATIVE = re.compile(r"(?<=[(|])[a-z]\w*")
_NUMBERED = re.compile(r"^([a-z]\w*) (\d+)", re.MULTILINE)
_PATTERNS = 1024
"""Patterns whose kind is kept: as a rule a cohort has one for each number of posts in view."""


class RecordedCall(NamedTuple):
    """A call of the first part."""

    pattern: str | None
    characters: int
    """In the prompt."""
    completion: Completion
    asked: bool = False
    """Whether it is an answer to a survey."""


class TokenRates(NamedTuple):
    """How many tokens prompts have: `base + rate * characters`."""

    base: float
    rate: float
    cached: float
    """Share of the tokens that comes from the prefix cache."""

    def tokens(self, characters: int) -> tuple[int, int]:
        """Return the tokens of a prompt, and how many of them are cached."""
        count = max(1, round(self.base + self.rate * characters))
        return count, round(self.cached * count)


def token_rates(calls: Sequence[RecordedCall]) -> TokenRates:
    """Fit the tokens of prompts to their characters by least squares.

    With few prompts, or prompts of about the same length, tokens are taken as proportional.
    """
    characters = np.array([call.characters for call in calls], float)
    tokens = np.array([call.completion.prompt_tokens for call in calls], float)
    cached = sum(call.completion.cached_tokens or 0 for call in calls) / max(1.0, tokens.sum())
    ratio = tokens.sum() / max(1.0, characters.sum())
    if len(calls) >= MANY and characters.std() > 0.02 * characters.mean():
        rate, base = np.polyfit(characters, tokens, 1)
        if ratio / 2 < rate < 2 * ratio:
            return TokenRates(float(base), float(rate), cached)
    return TokenRates(0.0, float(ratio), cached)


class ReplyPool:
    """Replies to draw from, by what their prompts allowed.

    How likely each is, is drawn from the posterior of a Dirichlet process (Ferguson 1973). Its
    base is any reply that the prompt allows, with the weight of one reply for each verb, as in
    Laplace's rule of succession: a verb that was not seen yet may still come. The fewer replies
    were recorded, the more do draws differ.
    """

    def __init__(self, calls: Iterable[RecordedCall]) -> None:
        self._replies: dict[str, list[Completion]] = defaultdict(list)
        for call in calls:
            self._replies[_kind(call.pattern)].append(call.completion)

    def is_thin(self, pattern: str | None) -> bool:
        """Return whether few prompts were answered that allowed the same as this pattern."""
        kind = _kind(pattern)
        enough = max(ENOUGH, ENOUGH_PER_VERB * _alternatives(kind))
        return len(self._replies.get(kind, ())) < enough

    def weigher(self, seed: int) -> "WeighedReplies":
        """Draw how likely each reply is."""
        return WeighedReplies(self._replies, seed)


class WeighedReplies:
    """Replies of a pool with one draw of how likely each is."""

    def __init__(self, replies: Mapping[str, Sequence[Completion]], seed: int) -> None:
        self._replies = replies
        self._seed = seed
        self._likely: dict[str, np.ndarray] = {}
        """By kind, the cumulated probabilities of the replies."""

    def draw(self, prompt: Prompt) -> Completion | None:
        """Draw a reply to a prompt; None stands for one unlike those that were recorded."""
        kind = _kind(prompt.pattern)
        replies = self._replies.get(kind, ())
        if kind not in self._likely:
            random = np.random.default_rng(draws.bits(self._seed, kind))
            weights = random.dirichlet([*(1.0 for _ in replies), _alternatives(kind)])
            self._likely[kind] = np.cumsum(weights)
        unit = draws.unit(self._seed, prompt.seed, "reply")
        number = int(np.searchsorted(self._likely[kind], unit))
        if number >= len(replies):
            return None
        completion = replies[number]
        unit = draws.unit(self._seed, prompt.seed, "number")
        return completion._replace(text=_renumbered(completion.text, prompt.pattern, unit))


class PoolModel:
    """A model that repeats recorded replies, and draws the others from a pool."""

    name = "pool"

    def __init__(
        self, pool: ReplyPool, rates: TokenRates, recorded: Mapping[str, Completion], seed: int
    ) -> None:
        """Take the recorded replies by the hashes of their prompts."""
        self._pool = pool
        self._replies = pool.weigher(seed)
        self._rates = rates
        self._recorded = recorded
        self.drawn = 0
        """Replies that were not recorded."""
        self.thin = 0
        """Those of them that were drawn from too few replies."""

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield all completions in one list."""
        yield [(position, self._complete(prompt)) for position, prompt in enumerate(prompts)]

    async def close(self) -> None:
        """Hold nothing."""

    def _complete(self, prompt: Prompt) -> Completion:
        recorded = self._recorded.get(prompt.digest())
        if recorded is not None:
            return recorded
        tokens, cached = self._rates.tokens(len(prompt.system) + len(prompt.user))
        self.drawn += 1
        self.thin += self._pool.is_thin(prompt.pattern)
        completion = self._replies.draw(prompt)
        if completion is None:
            text = plausible(prompt)
            output = max(1, round(len(text) / CHARACTERS_PER_TOKEN))
            fits = prompt.pattern is not None
            return Completion(text, "stop", tokens, cached, output, constrained=fits)
        return completion._replace(prompt_tokens=tokens, cached_tokens=cached)


@lru_cache(maxsize=_PATTERNS)
def _kind(pattern: str | None) -> str:
    """Return what a pattern allows, whatever the numbers to choose from."""
    return _OPTIONS.sub("(N)", pattern or "")


@lru_cache(maxsize=_PATTERNS)
def _alternatives(kind: str) -> float:
    """Count the verbs, or other words, that a pattern allows to begin with."""
    return float(max(1, len(_ALTERNATIVE.findall(kind))))


def _renumbered(text: str, pattern: str | None, unit: float) -> str:
    """Replace numbers that a pattern does not offer, by one at the place `unit` among them."""

    def number(found: re.Match[str]) -> str:
        offered = re.search(rf"(?<![a-z_]){found[1]} \(([\d|]+)\)", pattern or "")
        numbers = offered[1].split("|") if offered else []
        fits = not numbers or found[2] in numbers
        return found[0] if fits else f"{found[1]} {numbers[int(unit * len(numbers))]}"

    return _NUMBERED.sub(number, text)
