"""Draws strings that match a regular expression, from a seed: the replies of the fake model."""

import re
import string
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import groupby
from typing import TypeAlias

from simnet.inference.fakes.pattern_parser import Chars, Choice, Node, Repeat, Sequence, parse

_SCRAMBLE, _ADD, _MASK = 6364136223846793005, 1442695040888963407, (1 << 64) - 1
_LETTERS = frozenset(string.ascii_lowercase + " ")
_REPEATS = 8
"""Most repetitions beyond the minimum, where a repeat is not filled with words."""
_PROSE = 12
"""A repeat that allows this many characters or more is filled with words."""
_VOCABULARY = (
    "about after again always around because before better between bike city coffee could day "
    "early easy every evening family friend good green happy home hope idea important kind late "
    "life little local long maybe morning music never new nice often other park people place "
    "question quiet really right school simple small something street summer sure think time "
    "today together town walk water week well why with wonder work world would year"
)


WORDS: tuple[str, ...] = tuple(re.findall(r"\w+", _VOCABULARY))


class Draws:
    """A linear congruential generator with 64 bits of state; fast, not for statistics."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def below(self, limit: int) -> int:
        """Draw a number from 0 to `limit` - 1."""
        self._state = (self._state * _SCRAMBLE + _ADD) & _MASK
        return (self._state >> 33) * limit >> 31


Sampler: TypeAlias = Callable[[Draws], str]


def sentence(draws: Draws) -> str:
    """Draw a sentence of six to thirteen words."""
    words = [WORDS[draws.below(len(WORDS))] for _ in range(6 + draws.below(8))]
    return " ".join(words).capitalize() + ".!?"[draws.below(3)]


@lru_cache(maxsize=1024)
def sampler(pattern: str) -> Sampler:
    """Compile a regular expression into a function that draws strings it matches.

    Raises what `parse` raises: ValueError for a pattern outside of its grammar, re.error for
    one that is no regular expression.
    """
    return _sampler(parse(pattern))


def _sampler(node: Node) -> Sampler:
    match node:
        case str():
            return _constant(node)
        case Chars(choices):
            return _one_of(choices)
        case Choice(nodes):
            return _branch([_sampler(option) for option in nodes])
        case Repeat(low, high, inner):
            return _repeat(low, high, inner)
        case Sequence(nodes):
            return _sequence(nodes)


def _sequence(nodes: Iterable[Node]) -> Sampler:
    samplers: list[Sampler] = []
    for literal, group in groupby(nodes, key=lambda node: isinstance(node, str)):
        if literal:
            samplers.append(_constant("".join(map(str, group))))
        else:
            samplers += map(_sampler, group)
    if len(samplers) == 1:
        return samplers[0]
    return lambda draws: "".join([draw(draws) for draw in samplers])


def _constant(text: str) -> Sampler:
    return lambda _: text


def _one_of(choices: str) -> Sampler:
    count = len(choices)
    return lambda draws: choices[draws.below(count)]


def _branch(options: list[Sampler]) -> Sampler:
    count = len(options)
    return lambda draws: options[draws.below(count)](draws)


def _repeat(low: int, high: int, node: Node) -> Sampler:
    if isinstance(node, Chars) and high >= _PROSE and set(node.choices) >= _LETTERS:
        return _prose(low, high)
    body = _sampler(node)
    spread = min(high - low, _REPEATS) + 1
    return lambda draws: "".join([body(draws) for _ in range(low + draws.below(spread))])


def _prose(low: int, high: int) -> Sampler:
    """Fill `low` to `high` characters with whole words, as far as they fit."""

    def draw(draws: Draws) -> str:
        text = WORDS[draws.below(len(WORDS))]
        goal = min(high, max(low, 20 + draws.below(60)))
        while len(text) < goal:
            text = f"{text} {WORDS[draws.below(len(WORDS))]}"
        if len(text) > high:
            text = text[:high].rpartition(" ")[0] or text[:high]
        return text if len(text) >= low else text.ljust(low, "a")

    return draw
