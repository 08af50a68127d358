"""Words and conditions by which records are found."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from simnet.errors import UsageError
from simnet.foundation.text import did_you_mean
from simnet.review.records.record_table import Record, as_text

_WORD = re.compile(r"\w+")
_CONDITION = re.compile(r"\s*(.+?)\s*(!=|<=|>=|=|<|>|~)\s*(.*?)\s*", re.DOTALL)
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_LONGEST_SHOWN = 40


class Similar(NamedTuple):
    """A record and the cosine similarity of its field to what was asked, -1 to 1."""

    record: Record
    score: float


class Condition(NamedTuple):
    """A condition on one column, such as `likes >= 3`.

    `=` and `!=` compare numbers as numbers and all else as text; a list is equal to each of its
    items. `~` holds where the text has the words, as a search does. `<` and the like compare
    numbers with a number, and texts with a text. A value that is missing is equal to the empty
    text, and neither smaller nor larger than anything.
    """

    column: str
    sign: str
    value: str

    def holds(self, fields: Mapping[str, Any]) -> bool:
        """Whether the condition holds for a row."""
        found = fields.get(self.column)
        if self.sign == "~":
            return matches(as_text(found), word_patterns(self.value))
        if self.sign in {"=", "!="}:
            items = found if isinstance(found, list) else [found]
            return any(_equal(item, self.value) for item in items) == (self.sign == "=")
        if found is None:
            return False
        number, limit = _number(found), _number(self.value)
        if limit is None:
            return _ORDERS[self.sign](as_text(found), self.value)
        return number is not None and _ORDERS[self.sign](number, limit)

    def check(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Raise UsageError for an order between texts and a number."""
        if self.sign not in _ORDERS:
            return
        values = [row[self.column] for row in rows if row.get(self.column) not in (None, "")]
        are_numbers = [_number(value) is not None for value in values]
        written = f"{self.column}{self.sign}{self.value}"
        if values and _number(self.value) is not None and not any(are_numbers):
            raise UsageError(
                f"{written!r} compares with a number, and the column {self.column!r} has none; it "
                f"has such as {as_text(values[0])[:_LONGEST_SHOWN]!r}"
            )
        if values and _number(self.value) is None and all(are_numbers):
            raise UsageError(
                f"{written!r} compares with a text, and the column {self.column!r} has numbers "
                "alone; write a number"
            )


def conditions(texts: Iterable[str], columns: Sequence[str]) -> list[Condition]:
    """Read conditions such as `likes>=3`. Raises UsageError for an unknown column or no sign."""
    return [_condition(text, columns) for text in texts]


def _condition(text: str, columns: Sequence[str]) -> Condition:
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{text!r} is no condition; write it as COLUMN=VALUE, with = != < > <= >= ~"
        )
    condition = Condition(found[1], found[2], found[3])
    check_column(condition.column, columns)
    if condition.sign == "~":
        word_patterns(condition.value)
    if condition.sign in _ORDERS and not condition.value:
        raise UsageError(f"{text!r} is no condition; write what to compare with after the sign")
    return condition


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
    words = _WORD.findall(text)
    if not words:
        raise UsageError(f"there is no word in {text!r} to search for")
    return [re.compile(_start(word) + re.escape(word), re.IGNORECASE) for word in words]


def matches(text: str, patterns: Sequence[re.Pattern[str]]) -> bool:
    """Whether a text has all the words."""
    return all(pattern.search(text) for pattern in patterns)


def _start(word: str) -> str:
    return r"(?<!\w)" if word[0].isdigit() or word[0].lower() != word[0].upper() else ""


def _equal(found: Any, value: str) -> bool:
    number = _number(value)
    if number is not None and _number(found) is not None:
        return _number(found) == number
    if isinstance(found, bool):
        return as_text(found) == value.lower()
    return as_text(found) == value


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
