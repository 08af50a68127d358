"""Tests conditions of a filter on the fields of records."""

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from simnet.foundation.filters import (
    Condition,
    Every,
    Facts,
    Negated,
    Some,
    Test,
    parse_filter,
    sought_words,
)
from simnet.review.records.record_table import as_text

_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def conditions(
    texts: Iterable[str], columns: Sequence[str], values: Callable[[str], Iterable[Any]]
) -> list[Condition]:
    """Read filters on columns; `values` returns those of one. Raises as `parse_filter` does."""

    def facts(field: str) -> Facts:
        given = (value for value in values(field) if value not in (None, ""))
        numbers = [_number(value) is not None for value in given]
        return Facts(numbers=any(numbers), texts=not all(numbers))

    return [parse_filter(text, columns, facts) for text in texts]


def fields_of(condition: Condition) -> set[str]:
    """Return the fields that a condition asks about."""
    match condition:
        case Test(field=field):
            return {field}
        case Negated(part):
            return fields_of(part)
        case Every(parts) | Some(parts):
            return set().union(*map(fields_of, parts))


def holds(condition: Condition, row: Mapping[str, Any]) -> bool:
    """Whether a condition holds for a row; one that cannot be told does not."""
    return _truth(condition, row) is True


def _truth(condition: Condition, row: Mapping[str, Any]) -> bool | None:
    """Return whether a condition holds; None, as in SQL, if a value that it needs is missing."""
    match condition:
        case Test():
            return _test(condition, row.get(condition.field))
        case Negated(part):
            truth = _truth(part, row)
            return None if truth is None else not truth
        case Every(parts):
            truths = [_truth(part, row) for part in parts]
            return False if False in truths else None if None in truths else True
        case Some(parts):
            truths = [_truth(part, row) for part in parts]
            return True if True in truths else None if None in truths else False


def _test(test: Test, found: Any) -> bool | None:
    is_missing = found is None or found in ("", [])
    if test.operator == "null":
        return is_missing
    if test.operator in {"=", "<>"}:
        items = found if isinstance(found, list) and found else [found]
        return any(_equal(item, test) for item in items) == (test.operator == "=")
    if is_missing:
        return None
    if test.operator in _ON_TEXT:
        return _ON_TEXT[test.operator](as_text(found), test.value.text)
    return _in_order(test, found)


def _in_order(test: Test, found: Any) -> bool | None:
    order, value = _ORDERS[test.operator], test.value
    if value.kind != "number":
        return order(as_text(found), value.text)
    number = _number(found)
    return None if number is None else order(number, float(value.text))


def _has_words(text: str, words: str) -> bool:
    return all(re.search(word, text, re.IGNORECASE) for word in sought_words(words))


def _is_like(text: str, pattern: str) -> bool:
    """Whether a text fits a pattern with % for any text and _ for any character."""
    signs = {"%": ".*", "_": "."}
    written = "".join(signs.get(one) or re.escape(one) for one in pattern)
    return re.fullmatch(written, text, re.DOTALL) is not None


_ON_TEXT: Mapping[str, Callable[[str, str], bool]] = {
    "like": _is_like,
    "contains": lambda text, value: value.lower() in text.lower(),
    "~": _has_words,
}


def _equal(found: Any, test: Test) -> bool:
    text, value = as_text(found), test.value
    if value.kind == "number":
        number = _number(found)
        return text == value.text or (number is not None and number == _number(value.text))
    return text.lower() == value.text if value.kind == "truth" else text == value.text


def _number(value: Any) -> float | int | None:
    """Return a value as a number; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = int(value) if isinstance(value, int) else float(value)
        if isinstance(value, str) and value.strip().lstrip("+-").isdecimal():
            number = int(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
