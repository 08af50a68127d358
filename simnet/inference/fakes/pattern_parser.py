r"""Parses the regular expressions of reply grammars, from which the fake model draws replies.

The grammar is the subset of Python's `re` that describes plain text:

    choice    = sequence *( "|" sequence )
    sequence  = *( atom [ repeat ] )
    atom      = character | class | "(" choice ")" | "(?:" choice ")" | "(?P<name>" choice ")"
    class     = "[...]" | "[^...]" | "." | \d | \D | \s | \S | \w | \W
    repeat    = ( "*" | "+" | "?" | "{m}" | "{m,}" | "{,n}" | "{m,n}" ) [ "?" ]
    character = any other one | "\" punctuation | \a \f \n \r \t \v | \xhh \uhhhh \Uhhhhhhhh

`^` at the start of a pattern and `$` at its end are allowed and change nothing, since the whole
reply has to match. Look-around, back-references, flags, other anchors and repeats that give nothing
back (`a++`) are not supported.
"""

import re
import string
import sys
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple, TypeAlias, Union

UNBOUNDED = sys.maxsize
"""`Repeat.high` where there is no upper bound."""

_ALPHABET = (
    f"{string.ascii_lowercase}{string.digits} {string.ascii_uppercase}{string.punctuation}\n\t"
)
"""Characters that replies are made of, in the order in which a class lists them."""
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_TOKEN = re.compile(
    r"""
      (?P<open> \( (?: \?: | \?P<\w+> )? (?!\?) )
    | (?P<close> \) )
    | (?P<either> \| )
    | (?P<repeat> (?: [*+?] | \{\d+\} | \{\d*,\d*\} ) \?? (?!\+) )
    | (?P<class> \[ \^? \]? (?: \\. | [^\]\\] )* \] | \\[dDsSwW] | \. )
    | (?P<code> \\ (?: x.{2} | u.{4} | U.{8} ) )
    | (?P<control> \\[afnrtv] )
    | (?P<quoted> \\[^a-zA-Z0-9] )
    | (?P<anchor> ^\^ | \$\Z )
    | (?P<plain> (?! [*+?] | \{\d+\} | \{\d*,\d*\} ) [^\\\^$\[(] )
    """,
    re.VERBOSE | re.DOTALL,
)


class Chars(NamedTuple):
    """One character out of several."""

    choices: str


class Repeat(NamedTuple):
    """A node `low` to `high` times."""

    low: int
    high: int
    node: "Node"


class Sequence(NamedTuple):
    """Nodes one after the other."""

    nodes: tuple["Node", ...]


class Choice(NamedTuple):
    """One node out of several."""

    nodes: tuple["Node", ...]


Node: TypeAlias = Union[str, Chars, Repeat, Sequence, Choice]  # noqa: UP007  (names itself)
"""A parsed pattern; a string stands for itself."""


class _Token(NamedTuple):
    kind: str
    text: str


def parse(pattern: str) -> Node:
    """Parse a pattern.

    Raises re.error for a pattern that is no regular expression, and ValueError, with the
    position, for one outside of the grammar.
    """
    re.compile(pattern)
    return _Parser(_tokens(pattern)).choice()


def _tokens(pattern: str) -> Iterator[_Token]:
    at = 0
    while at < len(pattern):
        found = _TOKEN.match(pattern, at)
        if found is None or found.lastgroup is None:
            raise ValueError(
                f"the fake model cannot make replies that match {pattern[at : at + 8]!r}, at "
                f"position {at} of the pattern {pattern!r:.80}"
            )
        yield _Token(found.lastgroup, found[0])
        at = found.end()


class _Parser:
    """Recursive descent over tokens; `re` has checked that brackets and repeats fit."""

    def __init__(self, tokens: Iterator[_Token]) -> None:
        self._tokens = list(tokens)[::-1]

    def choice(self) -> Node:
        nodes = [self._sequence()]
        while self._next_is("either"):
            self._tokens.pop()
            nodes.append(self._sequence())
        return nodes[0] if len(nodes) == 1 else Choice(tuple(nodes))

    def _sequence(self) -> Node:
        nodes: list[Node] = []
        while self._tokens and not self._next_is("either", "close"):
            node = self._atom(self._tokens.pop())
            if self._next_is("repeat"):
                node = Repeat(*_bounds(self._tokens.pop().text), node)
            nodes.append(node)
        return nodes[0] if len(nodes) == 1 else Sequence(tuple(nodes))

    def _atom(self, token: _Token) -> Node:
        match token.kind:
            case "open":
                node = self.choice()
                self._tokens.pop()
                return node
            case "class":
                choices = _characters(token.text)
                return choices if len(choices) == 1 else Chars(choices)
            case "code":
                return chr(int(token.text.lstrip("\\xuU"), 16))
            case "control":
                return _CONTROLS[token.text[1]]
            case "anchor":
                return ""
            case _:
                return token.text[-1]

    def _next_is(self, *kinds: str) -> bool:
        return bool(self._tokens) and self._tokens[-1].kind in kinds


def _bounds(repeat: str) -> tuple[int, int]:
    """Read a repeat; lazy ones allow the same texts."""
    if repeat[0] != "{":
        return {"*": (0, UNBOUNDED), "+": (1, UNBOUNDED), "?": (0, 1)}[repeat[0]]
    low, comma, high = repeat[1 : repeat.index("}")].partition(",")
    least = int(low or 0)
    return least, int(high or UNBOUNDED) if comma else least


@cache
def _characters(text: str) -> str:
    """List the characters that a class matches: those of the alphabet, or some others.

    Raises ValueError if there are none.
    """
    found = re.findall(text, _ALPHABET) or re.findall(text, _all_characters())[:64]
    if not found:
        raise ValueError(f"the character class {text} of the pattern matches nothing")
    return "".join(found)


def _all_characters() -> str:
    surrogates = range(0xD800, 0xE000)
    return "".join(chr(code) for code in range(sys.maxunicode + 1) if code not in surrogates)
