"""Filters compiled to SQL over the columns of a catalogue.

Nothing of the user's reaches the database but names of columns that exist and literals, which
are quoted. As in SQL, a persona that lacks a field fits neither a comparison nor its opposite.
"""

from collections.abc import Callable, Collection, Mapping

from simnet.foundation.filters import (
    Condition,
    Every,
    Facts,
    Literal,
    Negated,
    Some,
    Test,
    parse_filter,
    sought_words,
)
from simnet.foundation.filters.condition import FactsOf, Operator
from simnet.personas.catalogue.columns import (
    OWN,
    attribute_fields,
    list_column,
    text_column,
)
from simnet.personas.catalogue.table_store import quoted
from simnet.personas.source import ORIGIN

_ALIASES = {"license": "licence"}
_EXACT = 2**53
"""Whole numbers from which on a double is not exact: they are compared as texts."""


def compile_filter(text: str, columns: Collection[str], facts: FactsOf | None = None) -> str:
    """Return the SQL of a filter over a table with these columns.

    `facts` says what values a column has. Raises UsageError as `parse_filter` does.
    """
    fields = {*attribute_fields(columns), *OWN, *ORIGIN}
    aliases = {name: real for name, real in _ALIASES.items() if name not in fields}
    if facts is None:
        return _sql(parse_filter(text, fields, aliases=aliases), columns)
    known = facts

    def of_field(field: str) -> Facts:
        return known(_text(field, columns))

    return _sql(parse_filter(text, fields, of_field, aliases), columns)


def _sql(condition: Condition, columns: Collection[str]) -> str:
    match condition:
        case Negated(Test(field, "null", _)):
            return f"({_text(field, columns)} IS NOT NULL)"
        case Negated(part):
            return f"(NOT {_sql(part, columns)})"
        case Every(parts):
            return f"({' AND '.join(_sql(part, columns) for part in parts)})"
        case Some(parts):
            return f"({' OR '.join(_sql(part, columns) for part in parts)})"
        case Test():
            return _test(condition, columns)


def number_of(column: str) -> str:
    """Return the SQL of a column of texts as numbers: null for what is none.

    `nan` and `infinity`, which have an n, are texts here, and to the database they are numbers.
    """
    return f"TRY_CAST(translate({column}, 'nN', 'xx') AS DOUBLE)"


def _test(test: Test, columns: Collection[str]) -> str:
    text, value = _text(test.field, columns), test.value
    if test.operator in _ON_TEXT:
        return _ON_TEXT[test.operator](text, value.text)
    if value.kind == "truth":
        return f"(lower({text}) {test.operator} {quoted(value.text)})"
    return _compared(test, text, columns)


def _has_words(text: str, words: str) -> str:
    sought = [f"regexp_like({text}, {quoted(f'(?i){word}')})" for word in sought_words(words)]
    return f"({' AND '.join(sought)})"


_ON_TEXT: Mapping[Operator, Callable[[str, str], str]] = {
    "null": lambda text, _: f"({text} IS NULL)",
    "like": lambda text, value: f"({text} LIKE {quoted(value)})",
    "contains": lambda text, value: f"contains(lower({text}), lower({quoted(value)}))",
    "~": _has_words,
}
"""The tests that are made on a text alone."""


def _compared(test: Test, text: str, columns: Collection[str]) -> str:
    if test.value == Literal("text", "") and test.operator in {"=", "<>"}:
        return f"({text} IS {'' if test.operator == '=' else 'NOT '}NULL)"
    literal, lists = quoted(test.value.text), list_column(test.field)
    compared = f"{text} {test.operator} {literal}"
    if test.value.kind == "number" and not _is_long(test.value):
        compared = f"{number_of(text)} {test.operator} {float(test.value.text)!r}"
    has_lists = text.startswith("t_") and lists in columns
    if not has_lists or test.operator not in {"=", "<>"}:
        return f"({compared})"
    has = f"coalesce(array_has({lists}, {literal}), false)"
    return f"({compared} OR {has})" if test.operator == "=" else f"({compared} AND NOT {has})"


def _is_long(value: Literal) -> bool:
    return value.text.isdecimal() and int(value.text) > _EXACT


def _text(field: str, columns: Collection[str]) -> str:
    """Return the column with the text of a field."""
    column = text_column(field)
    return column if column in columns else OWN.get(field, field)
