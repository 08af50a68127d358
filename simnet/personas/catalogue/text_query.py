"""The words, phrases and beginnings of words that a search asks for."""

import re
from typing import NamedTuple

from simnet.errors import UsageError

_PARTS = re.compile(r'"([^"]*)"|([^\s"]+)')
_WORD = re.compile(r"\w")
_BEGINNING = re.compile(r"(\w[\w'-]*)\*")


class TextQuery(NamedTuple):
    """What has to be in a text, all of it."""

    words: tuple[str, ...]
    """Words in any form: `tools` finds `tool`."""
    phrases: tuple[str, ...]
    """Words in this order, one right after the other."""
    beginnings: tuple[str, ...]
    """Beginnings of words, as they are written."""


def parse_text(text: str) -> TextQuery:
    """Read words, "phrases" and beginnings*. Raises UsageError for a text that asks for nothing."""
    if text.count('"') % 2:
        raise UsageError(f'a quotation mark is not closed in {text!r}; write "two words"')
    words, phrases, beginnings = [], [], []
    for phrase, word in _PARTS.findall(text):
        if begun := _BEGINNING.fullmatch(word):
            beginnings.append(begun[1])
        elif "*" in word and _WORD.search(word):
            raise UsageError(
                f"{word!r}: a star stands at the end of the beginning of a word, as in surg*"
            )
        elif _WORD.search(word):
            words.append(word)
        elif _WORD.search(phrase):
            phrases.append(phrase)
    if not words and not phrases and not beginnings:
        raise UsageError(f"there is no word in {text!r} to search for")
    return TextQuery(tuple(words), tuple(phrases), tuple(beginnings))


def begins_with(beginning: str) -> str:
    """Return a regular expression for a word that begins so, in any case."""
    return rf"(?i)\b{beginning}"
