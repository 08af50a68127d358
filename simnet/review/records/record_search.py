"""Words by which records are found."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from simnet.errors import UsageError
from simnet.foundation.filters import sought_words
from simnet.foundation.text import did_you_mean
from simnet.review.records.record_table import Record


class Similar(NamedTuple):
    """A record and the cosine similarity of its field to what was asked, -1 to 1."""

    record: Record
    """The record."""
    score: float
    """The similarity."""


def check_column(name: str, columns: Sequence[str]) -> None:
    """Raise UsageError, with the nearest name, for a column that is not there."""
    if name not in columns:
        hint = did_you_mean(name, columns) or f"; there are {', '.join(columns)}"
        raise UsageError(f"the records have no column {name!r}{hint}")


def word_patterns(text: str) -> list[re.Pattern[str]]:
    """Compile the words of a search. Raises UsageError if there is none.

    Case is ignored, and a word matches all words that begin with it; in scripts without spaces
    between words it matches anywhere.
    """
    return [re.compile(word, re.IGNORECASE) for word in sought_words(text)]


def matches(text: str, patterns: Sequence[re.Pattern[str]]) -> bool:
    """Whether a text has all the words."""
    return all(pattern.search(text) for pattern in patterns)
