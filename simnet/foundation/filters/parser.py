"""Reads filters: conditions on fields in the manner of SQL.

    age > 30 and city in ('Rome', 'Oslo') and not labels = music
    "input persona" contains 'nurse' or licence is null

docs/reference/filters.md tells users of it.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import cast

from simnet.errors import UsageError
from simnet.foundation.filters.condition import (
    ORDERS,
    Condition,
    Every,
    Facts,
    FactsOf,
    Literal,
    Negated,
    Operator,
    Some,
    Test,
)
from simnet.foundation.filters.filter_text import FilterText
from simnet.foundation.filters.sought_words import sought_words
from simnet.foundation.text import did_you_mean

_SIGNS = {"==": "=", "!=": "<>"}
_DEEPEST = 50
"""Brackets within brackets, and `not` before `not`, beyond which a filter is refused."""
_NULL = Literal("text", "")
_ANYTHING = Facts(numbers=True, texts=True)
_VALUE = "a number, a text in single quotation marks, true or false"
_OPERATORS = "=, <>, <, >, ~, in, like, contains, between or is null"


def parse_filter(
    text: str,
    fields: Collection[str],
    facts: FactsOf = lambda _: _ANYTHING,
    aliases: Mapping[str, str] | None = None,
) -> Condition:
    """Read a filter on fields.

    `facts` tells what values a field has, and `aliases` has other names of fields. Raises
    UsageError that names the character, what is wrong and what to write.
    """
    return _Parser(text, fields, facts, aliases or {}).whole()


class _Parser:
    """A recursive-descent parser."""

    def __init__(
        self, text: str, fields: Collection[str], facts: FactsOf, aliases: Mapping[str, str]
    ) -> None:
        self._fields = fields
        self._facts = facts
        self._aliases = aliases
        self._text = FilterText(text, {*fields, *aliases})
        self._depth = 0

    def whole(self) -> Condition:
        if self._text.at_end():
            raise self._text.problem("is empty; write for example: age > 30")
        condition = self._either()
        if not self._text.at_end():
            raise self._text.unexpected("`and`, `or` or the end")
        return condition

    def _either(self) -> Condition:
        parts = self._joined(self._both, "or")
        return parts[0] if len(parts) == 1 else Some(parts)

    def _both(self) -> Condition:
        parts = self._joined(self._one, "and")
        return parts[0] if len(parts) == 1 else Every(parts)

    def _joined(self, part: Callable[[], Condition], keyword: str) -> tuple[Condition, ...]:
        parts = [part()]
        while self._text.takes(keyword):
            parts.append(part())
        return tuple(parts)

    def _one(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._text.problem("is nested too deeply")
        try:
            if (known := self._text.known_field()) is not None:
                return self._comparison(known)
            if self._text.takes("not"):
                return Negated(self._one())
            if self._text.takes("("):
                with self._text.brackets():
                    inner = self._either()
                self._text.expect(")")
                return inner
            return self._comparison(self._text.field())
        finally:
            self._depth -= 1

    def _comparison(self, name: str) -> Condition:
        field = self._named(name)
        if self._text.takes("is"):
            negated = self._text.takes("not")
            self._text.expect("null")
            test = Test(field, "null", _NULL)
            return Negated(test) if negated else test
        negated = self._text.takes("not")
        condition = self._test(field, negated=negated)
        return Negated(condition) if negated else condition

    def _named(self, name: str) -> str:
        if name in self._fields:
            return name
        if name in self._aliases:
            return self._aliases[name]
        known = sorted(self._fields)
        hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
        advice = self._text.advice()
        raise self._text.problem(f"there is no field {name!r}{hint}{advice}", self._text.last)

    def _test(self, field: str, *, negated: bool) -> Condition:
        if self._text.takes("in"):
            return self._any_of(field)
        for operator in ("like", "contains"):
            if self._text.takes(operator):
                quoted = self._text.quoted()
                if quoted is None:
                    raise self._text.unexpected("a text in single quotation marks")
                return Test(field, operator, Literal("text", quoted))
        if self._text.takes("between"):
            low = self._ordered(field, ">=")
            self._text.expect("and")
            return Every((low, self._ordered(field, "<=")))
        sign = None if negated else self._text.sign()
        if sign is None:
            raise self._text.unexpected(_OPERATORS)
        operator = cast("Operator", _SIGNS.get(sign, sign))
        return (
            self._ordered(field, operator) if operator in ORDERS else self._equal(field, operator)
        )

    def _any_of(self, field: str) -> Condition:
        self._text.expect("(")
        with self._text.brackets(listed=True):
            tests = [self._equal(field, "=", needed=True)]
            while self._text.takes(","):
                tests.append(self._equal(field, "=", needed=True))
        self._text.expect(")")
        return tests[0] if len(tests) == 1 else Some(tuple(tests))

    def _equal(self, field: str, operator: Operator, *, needed: bool = False) -> Condition:
        """Read what a field is equal to, or for `~` the words in it."""
        quoted = self._text.quoted()
        bare = "" if quoted is not None else self._text.bare()
        if quoted is None and not bare and (needed or operator == "~"):
            raise self._text.unexpected("words" if operator == "~" else _VALUE)
        value = literal(bare) if quoted is None else Literal("text", quoted)
        if operator == "~":
            try:
                sought_words(value.text)
            except UsageError as error:
                raise self._text.problem(str(error), self._text.last) from None
        return Test(field, operator, value)

    def _ordered(self, field: str, operator: Operator) -> Condition:
        """Read what a field is smaller or larger than. Raises UsageError for numbers and texts."""
        quoted = self._text.quoted()
        if quoted is not None:
            return Test(field, operator, Literal("text", quoted))
        bare = self._text.bare_word()
        if not bare:
            raise self._text.unexpected(_VALUE)
        value, facts = literal(bare), self._facts(field)
        at = self._text.last
        if value.kind == "number" and facts.texts and not facts.numbers:
            raise self._text.problem(
                f"{bare} is a number, and there is none in the field {field!r}; write '{bare}' to "
                "compare texts",
                at,
            )
        if value.kind == "text" and facts.numbers and not facts.texts:
            raise self._text.problem(
                f"{bare!r} is a text, and the field {field!r} has numbers alone; write a number, "
                f"or '{bare}' to compare texts",
                at,
            )
        return Test(field, operator, value)


_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def literal(bare: str) -> Literal:
    """Return the value that is written without quotation marks."""
    if _NUMBER.fullmatch(bare):
        return Literal("number", bare)
    if bare.lower() in {"true", "false"}:
        return Literal("truth", bare.lower())
    return Literal("text", bare)
