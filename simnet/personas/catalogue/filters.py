"""Filters on fields, in the manner of SQL, compiled to SQL over the columns of a catalogue.

    age > 30 and city in ('Rome', 'Oslo') and not labels = 'music'
    "input persona" like '%nurse%' or licence is null

Nothing of the user's reaches the database but names of columns that exist and literals, which
are quoted. As in SQL, a persona that lacks a field fits neither a comparison nor its opposite.
A number is compared with numbers alone: where a field has none, to ask for an order is an error.
"""

from collections.abc import Callable, Collection

from simnet.foundation.text import did_you_mean
from simnet.personas.catalogue.columns import (
    OWN,
    attribute_fields,
    list_column,
    text_column,
)
from simnet.personas.catalogue.filter_words import Word, problem, words_of
from simnet.personas.catalogue.table_store import quoted
from simnet.personas.source import ORIGIN

_SIGNS = {"=": "=", "==": "=", "!=": "<>", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_ALIASES = {"license": "licence"}
_DEEPEST = 50
"""Brackets within brackets, and `not` before `not`, beyond which a filter is refused."""


def compile_filter(
    text: str, columns: Collection[str], has_numbers: Callable[[str], bool] = bool
) -> str:
    """Return the SQL of a filter over a table with these columns.

    `has_numbers` says whether a column has anything that is a number, or nothing at all. Raises
    UsageError that names the character, what is wrong and what to write.
    """
    return _Compiler(text, columns, has_numbers).whole()


class _Compiler:
    """A recursive-descent parser that writes SQL as it reads."""

    def __init__(
        self, text: str, columns: Collection[str], has_numbers: Callable[[str], bool]
    ) -> None:
        self._text = text
        self._has_numbers = has_numbers
        self._columns = columns
        self._words = words_of(text)
        self._place = 0
        self._depth = 0

    def whole(self) -> str:
        if self._next.kind == "end":
            raise problem(self._text, 1, "is empty; write for example: age > 30")
        sql = self._either()
        if self._next.kind != "end":
            raise self._unexpected("`and`, `or` or the end")
        return sql

    @property
    def _next(self) -> Word:
        return self._words[self._place]

    def _take(self) -> Word:
        word = self._next
        self._place += 1
        return word

    def _takes(self, *values: str) -> bool:
        """Take the next word if it is one of some keywords or signs."""
        fits = self._next.kind in {"keyword", "sign"} and self._next.value in values
        self._place += fits
        return fits

    def _expect(self, value: str) -> None:
        if not self._takes(value):
            raise self._unexpected(f"`{value}`")

    def _unexpected(self, wanted: str) -> Exception:
        word = self._next
        there = "the filter ends" if word.kind == "end" else f"there is {word.value!r}"
        return problem(self._text, word.at, f"{there} where {wanted} should be")

    def _either(self) -> str:
        return self._joined(self._both, "or")

    def _both(self) -> str:
        return self._joined(self._one, "and")

    def _joined(self, part: Callable[[], str], keyword: str) -> str:
        parts = [part()]
        while self._takes(keyword):
            parts.append(part())
        return parts[0] if len(parts) == 1 else f"({f' {keyword.upper()} '.join(parts)})"

    def _one(self) -> str:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise problem(self._text, self._next.at, "is nested too deeply")
        try:
            if self._takes("not"):
                return f"(NOT {self._one()})"
            if self._takes("("):
                inner = self._either()
                self._expect(")")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> str:
        if self._next.kind != "field":
            raise self._unexpected("the name of a field")
        text, lists = self._field(self._take())
        if self._takes("is"):
            negated = self._takes("not")
            self._expect("null")
            return f"({text} IS {'NOT ' if negated else ''}NULL)"
        negated = self._takes("not")
        sql = self._test(text, lists, negated=negated)
        return f"(NOT {sql})" if negated else sql

    def _test(self, text: str, lists: str | None, *, negated: bool) -> str:
        if self._takes("in"):
            return self._any_of(text, lists)
        if self._takes("like"):
            return f"({text} LIKE {quoted(self._literal('text').value)})"
        if self._takes("contains"):
            return f"contains(lower({text}), lower({quoted(self._literal('text').value)}))"
        if self._takes("between"):
            low = self._compared(text, None, ">=")
            self._expect("and")
            return f"({low} AND {self._compared(text, None, '<=')})"
        if not negated and self._next.kind == "sign" and self._next.value in _SIGNS:
            return self._compared(text, lists, _SIGNS[self._take().value])
        raise self._unexpected("=, <>, <, >, in, like, contains, between or is null")

    def _any_of(self, text: str, lists: str | None) -> str:
        self._expect("(")
        tests = [self._compared(text, lists, "=")]
        while self._takes(","):
            tests.append(self._compared(text, lists, "="))
        self._expect(")")
        return f"({' OR '.join(tests)})"

    def _compared(self, text: str, lists: str | None, sign: str) -> str:
        word = self._literal("text", "number", "keyword")
        if word.kind == "number":
            if sign not in {"=", "<>"} and not self._has_numbers(text):
                raise problem(
                    self._text,
                    word.at,
                    f"{word.value} is a number, and nobody has a number in this field; write "
                    f"'{word.value}' to compare texts",
                )
            return f"(TRY_CAST({text} AS DOUBLE) {sign} {float(word.value)!r})"
        if word.kind == "keyword":
            return f"(lower({text}) {sign} {quoted(word.value)})"
        literal = quoted(word.value)
        if lists is None or sign not in {"=", "<>"}:
            return f"({text} {sign} {literal})"
        has = f"array_has({lists}, {literal})"
        if sign == "=":
            return f"({text} = {literal} OR coalesce({has}, false))"
        return f"({text} <> {literal} AND NOT coalesce({has}, false))"

    def _literal(self, *kinds: str) -> Word:
        word = self._next
        if word.kind not in kinds or (word.kind == "keyword" and word.value not in _BOOLEANS):
            if word.kind == "field":
                raise problem(
                    self._text, word.at, f"{word.value!r} is no text; write '{word.value}'"
                )
            raise self._unexpected(
                "a text in single quotation marks"
                if kinds == ("text",)
                else "a number, a text in single quotation marks, true or false"
            )
        return self._take()

    def _field(self, word: Word) -> tuple[str, str | None]:
        """Return the columns with the text of a field and, if there is one, with its lists."""
        name = word.value
        if text_column(name) in self._columns:
            lists = list_column(name)
            return text_column(name), lists if lists in self._columns else None
        name = _ALIASES.get(name, name)
        if name in OWN or name in ORIGIN:
            return OWN.get(name, name), None
        known = sorted({*attribute_fields(self._columns), *OWN, *ORIGIN})
        hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
        raise problem(self._text, word.at, f"no persona has a field {name!r}{hint}")


_BOOLEANS = frozenset({"true", "false"})
