"""Words of a text in any script, to compare texts and to find phrases that repeat."""

import re
import unicodedata
from functools import lru_cache

from simnet.foundation.text import UNSPACED

_UNSPACED_LETTER = re.compile(f"[{UNSPACED}]")
_UNSPACED_RUN = re.compile(f"[{UNSPACED}]+")
_WORD = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]+")
_NOT_WORD = re.compile(r"\W+")
_DOTLESS = str.maketrans({"\u0131": "i", "\u0307": None})
"""Turkish I without a dot, and the dot that its capital keeps when it is made small."""


class _Letters(dict[int, int | str | None]):
    """Translates what is no part of a word to a space, and drops what only changes its look."""

    def __missing__(self, code: int) -> int | str | None:
        letter = chr(code)
        kind = unicodedata.category(letter)
        value: int | str | None = " "
        if kind == "Cf" or _is_ornament(code):
            value = None
        elif letter.isalnum() or kind in {"Mn", "Mc"}:  # vowel signs are parts of words
            value = code
        self[code] = value
        return value


def _is_ornament(code: int) -> bool:
    """Whether it is a variation selector, a vowel sign of Arabic or its lengthening stroke."""
    arabic = 0x064B <= code <= 0x065F or code in {0x0640, 0x0670}
    return 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF or arabic


_LETTERS = _Letters()


@lru_cache(maxsize=16_384)
def gist(text: str) -> str:
    """Normalise a text to its words, casefolded, to compare it with others.

    A text without words is its own gist. Results are cached, as a post is in many views.
    """
    if text.isascii():
        words = _NOT_WORD.sub(" ", text).strip()
    else:
        words = " ".join(unicodedata.normalize("NFKC", text).translate(_LETTERS).split())
    return (words or text.strip()).casefold().translate(_DOTLESS)


def unspaced(gist_of_text: str) -> list[str]:
    """List the stretches of a gist in scripts without spaces, without its spaces."""
    if gist_of_text.isascii() or _UNSPACED_LETTER.search(gist_of_text) is None:
        return []
    return _UNSPACED_RUN.findall("".join(gist_of_text.split()))


def words(gist_of_text: str) -> list[str]:
    """List the words of a gist; where none are spaced, its letters."""
    return gist_of_text.split() if gist_of_text.isascii() else _WORD.findall(gist_of_text)


def dense(text: str) -> bool:
    """Whether a text is mostly of letters that stand for a syllable or a word each."""
    if text.isascii():
        return False
    count = sum("\u3040" <= letter <= "\u9fff" or "\uac00" <= letter <= "\ud7a3" for letter in text)
    return 2 * count > len(text)
