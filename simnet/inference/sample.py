"""Strings that match a regular expression, drawn from a seed: what the fake model says."""

import importlib
import re
import string
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

_SCRAMBLE, _ADD, _MASK = 6364136223846793005, 1442695040888963407, (1 << 64) - 1
_ALPHABET = string.ascii_lowercase + string.digits + " " + string.ascii_uppercase
_ALPHABET += string.punctuation + "\n\t"
_REPEATS = 8
"""How often at most something is repeated beyond its minimum, where no text fits."""
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
    """A stream of numbers that depends on its seed alone; small, fast and good enough."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def below(self, limit: int) -> int:
        """Draw a number of 0 to `limit` - 1."""
        self._state = (self._state * _SCRAMBLE + _ADD) & _MASK
        return (self._state >> 33) * limit >> 31


Sampler: TypeAlias = Callable[[Draws], str]


def sentence(draws: Draws) -> str:
    """Say something of six to thirteen words."""
    words = [WORDS[draws.below(len(WORDS))] for _ in range(6 + draws.below(8))]
    return " ".join(words).capitalize() + ".!?"[draws.below(3)]


@lru_cache(maxsize=1024)
def sampler(pattern: str) -> Sampler:
    """Compile a regular expression into a function that draws strings it matches.

    Understands literals, classes, groups, alternation and repeats. ValueError names
    anything else, such as a look-ahead or a back-reference; re.error a bad pattern.
    """
    return _sequence(importlib.import_module("re._parser").parse(pattern))


def _sequence(nodes: Any) -> Sampler:
    parts: list[Sampler] = []
    literal = ""
    for name, argument in ((str(operation), given) for operation, given in nodes):
        if name == "LITERAL":
            literal += chr(argument)
            continue
        if literal:
            parts.append(_constant(literal))
            literal = ""
        if name != "AT":
            parts.append(_node(name, argument))
    if literal or not parts:
        parts.append(_constant(literal))
    if len(parts) == 1:
        return parts[0]
    return lambda draws: "".join([part(draws) for part in parts])


def _node(name: str, argument: Any) -> Sampler:
    match name:
        case "IN" | "ANY" | "NOT_LITERAL":
            return _one_of(_characters(name, argument))
        case "BRANCH":
            return _branch([_sequence(branch) for branch in argument[1]])
        case "SUBPATTERN":
            return _sequence(argument[-1])
        case "ATOMIC_GROUP":
            return _sequence(argument)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            low, high, inner = argument
            return _repeat(int(low), int(high), inner)
        case _:
            raise ValueError(f"a fake reply cannot match {name.lower()} in a pattern")


def _constant(text: str) -> Sampler:
    return lambda _: text


def _one_of(choices: str) -> Sampler:
    count = len(choices)
    return lambda draws: choices[draws.below(count)]


def _branch(options: Sequence[Sampler]) -> Sampler:
    count = len(options)
    return lambda draws: options[draws.below(count)](draws)


def _repeat(low: int, high: int, inner: Any) -> Sampler:
    name, argument = str(inner[0][0]), inner[0][1]
    if len(inner) == 1 and high >= _PROSE and name in {"IN", "ANY", "NOT_LITERAL"}:
        characters = _characters(name, argument)
        if set(string.ascii_lowercase + " ") <= set(characters):
            return _prose(low, high)
    body = _sequence(inner)
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


def _characters(name: str, argument: Any) -> str:
    """List characters, readable ones first, that a class of one character matches."""
    if name == "ANY":
        return _ALPHABET.replace("\n", "")
    if name == "NOT_LITERAL":
        return _ALPHABET.replace(chr(argument), "")
    negated = any(str(kind) == "NEGATE" for kind, _ in argument)
    listed = [item for item in argument if str(item[0]) != "NEGATE"]
    if negated:
        found = "".join(char for char in _ALPHABET if not _listed(listed, char))
    else:
        found = "".join(char for char in _ALPHABET if _listed(listed, char))
        found = found or "".join(_first(item) for item in listed)
    if not found:
        raise ValueError("a character class of the pattern matches nothing that can be typed")
    return found


_CATEGORIES = {
    "CATEGORY_DIGIT": re.compile(r"\d"),
    "CATEGORY_NOT_DIGIT": re.compile(r"\D"),
    "CATEGORY_SPACE": re.compile(r"\s"),
    "CATEGORY_NOT_SPACE": re.compile(r"\S"),
    "CATEGORY_WORD": re.compile(r"\w"),
    "CATEGORY_NOT_WORD": re.compile(r"\W"),
}


def _listed(items: Sequence[tuple[Any, Any]], char: str) -> bool:
    for kind, value in items:
        match str(kind):
            case "LITERAL" if ord(char) == value:
                return True
            case "RANGE" if value[0] <= ord(char) <= value[1]:
                return True
            case "CATEGORY" if _CATEGORIES[str(value)].match(char):
                return True
    return False


def _first(item: tuple[Any, Any]) -> str:
    kind, value = item
    return chr(value[0] if str(kind) == "RANGE" else value)
