"""Fits a free reply to the pattern that it was asked to match."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from simnet.agents.formats.lenient_reader import clean_text
from simnet.agents.formats.literals import structures
from simnet.agents.formats.structured_replies import text_in
from simnet.inference.replies.reply_text import shortened, unwrapped, visible

_LONGEST = 2_000
"""Characters of a text that is compared with a pattern: patterns may take long for longer ones."""
_ENDS = " \t.,;:!*_`\"'()[]\u3002\uff0c"
_SHORTEST_BEGINNING = 40
"""Characters; a shorter beginning does not stand for the whole."""
_FIRST_WORD = re.compile(
    r"[\W_]*(?P<word>\w+)[*_`\"']*(?:[.,;:!\u2013\u2014\n]|\s*-|\s*\(|\Z|\s(?=(?:it|this|that|the|they"
    r"|because|since|as|i)\b))",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\A[^.!?\n]{0,60}?(?:[:\uff1a]|\bis)\s+(?=\S)")


def fitted(reply: str, pattern: str | None, names: Sequence[str] = ()) -> str:
    """Return what in a free reply matches `pattern`, else the reply less what surrounds it.

    Tried are the whole text, its lines, a labelled answer, its first word, and its beginning up to
    the end of a sentence or word; of these the first kind counts in which exactly one text matches.
    `names` are those of the writer.
    """
    text = unwrapped(reply, names)
    expression = None if pattern is None else _compiled(pattern)
    if expression is None:
        return text
    for candidates in _candidates(reply, text, names):
        spelt = (one for candidate in candidates for one in (candidate, candidate.lower()))
        matching = [one for one in spelt if len(one) <= _LONGEST and expression.fullmatch(one)]
        if matching:
            return matching[0] if len({one.casefold() for one in matching}) == 1 else text
    return next(filter(expression.fullmatch, _beginnings(clean_text(text, names))), text)


def _candidates(reply: str, text: str, names: Sequence[str]) -> Iterator[list[str]]:
    yield [reply.strip()[: _LONGEST + 1]] if text == reply.strip() else [text]
    yield [clean_text(text, names)]
    shown = visible(text)[:_LONGEST]
    yield [shown.strip(_ENDS)]
    if shown.startswith("{"):
        found = structures(shown)
        yield [said for one in found if isinstance(one, dict) and (said := text_in(one))]
    lines = [line for line in shown.splitlines() if line.strip()]
    yield [line.strip(_ENDS) for line in lines]
    yield [_LABEL.sub("", line).strip(_ENDS) for line in lines]
    first = _FIRST_WORD.match(shown)
    yield [first["word"]] if first else []


def _beginnings(text: str) -> Iterator[str]:
    """Yield beginnings of a text that is too long, the longest first."""
    for longest in range(min(len(text), _LONGEST) - 1, _SHORTEST_BEGINNING, -1):
        beginning = shortened(text, longest)
        if len(beginning) > _SHORTEST_BEGINNING:
            yield beginning


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Compile a pattern; None for one that only the engine's grammar knows."""
    try:
        return re.compile(pattern)
    except re.error:
        return None
