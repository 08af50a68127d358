"""Reads single words of a free reply: a choice, or a number that is a value of its own."""

import re

from simnet.agents.formats.line_patterns import BETWEEN
from simnet.agents.formats.number_fields import MINUS_SIGNS, free_number
from simnet.world.actions import Field

_BETWEEN = re.compile(rf"{BETWEEN}*")
_STARTS = ("+", ".", ",", *MINUS_SIGNS, *"0123456789")
"""With what a number begins."""


def past_words_between(shown: str, at: int) -> int:
    """Return the place after words such as `to` and `post`, and after punctuation."""
    found = _BETWEEN.match(shown, at)
    return found.end() if found else at


def choice_word(field: Field, shown: str, at: int) -> tuple[str, int] | None:
    """Read one of a field's choices in any case, and the place where it ends."""
    choices = "|".join(sorted(map(re.escape, field.choices), key=len, reverse=True))
    pattern = re.compile(
        rf"{BETWEEN}*?(?P<choice>{choices})(?![^\W_])[\])}}>\"'\u201d\u2019\xbb*_`]*",
        re.IGNORECASE,
    )
    found = pattern.match(shown, at)
    if found is None:
        return None
    choice = found["choice"].casefold()
    return next(one for one in field.choices if one.casefold() == choice), found.end()


def number_word(shown: str, at: int) -> tuple[str, int] | None:
    """Read a number before which only words such as `to` stand, and the place where it ends."""
    start = past_words_between(shown, at)
    found = free_number(shown[start:]) if shown[start:].startswith(_STARTS) else None
    return None if found is None else (found[0], start + found[1])
