"""The words that `~` and a search in a review ask for."""

import re

from simnet.errors import UsageError

_WORD = re.compile(r"\w+")


def sought_words(text: str) -> list[str]:
    r"""Return a regular expression for each word; use them without regard to case.

    A word matches all words that begin with it; in scripts without blanks between words it matches
    anywhere. Raises UsageError if there is none.
    """
    words = _WORD.findall(text)
    if not words:
        raise UsageError(f"there is no word in {text!r} to search for")
    return [_start(word[0]) + word for word in words]


def _start(letter: str) -> str:
    has_blanks = letter.isdigit() or letter.lower() != letter.upper()
    return r"\b" if has_blanks else ""
