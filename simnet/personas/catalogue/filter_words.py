"""The words of a filter."""

import re
from typing import NamedTuple

from simnet.errors import UsageError

_WORD = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)
      | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<name>[^\W\d][\w.:/-]*)
      | (?P<sign><=|>=|<>|!=|==|[=<>(),])
    )""",
    re.VERBOSE,
)
KEYWORDS = frozenset(
    {"and", "or", "not", "in", "like", "is", "null", "between", "contains", "true", "false"}
)


class Word(NamedTuple):
    """One word of a filter and where it begins, from 1."""

    kind: str
    """`text`, `field`, `number`, `keyword`, `sign` or `end`."""
    value: str
    at: int


def words_of(text: str) -> list[Word]:
    """Split a filter. Raises UsageError for what is no word."""
    words, at = [], 0
    while text[at:].strip():
        found = _WORD.match(text, at)
        if found is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise problem(text, start + 1, _advice(text[start]))
        kind = found.lastgroup or ""
        words.append(_word(kind, found[kind], found.start(kind) + 1))
        at = found.end()
    return [*words, Word("end", "", len(text) + 1)]


def problem(text: str, at: int, why: str) -> UsageError:
    """Make the error for a filter that is wrong at a character."""
    return UsageError(f"filter {text!r}, character {at}: {why}")


def _word(kind: str, value: str, at: int) -> Word:
    if kind == "text":
        return Word("text", value[1:-1].replace("''", "'"), at)
    if kind == "quoted":
        return Word("field", value[1:-1].replace(value[0] * 2, value[0]), at)
    if kind == "name":
        low = value.lower()
        return Word("keyword", low, at) if low in KEYWORDS else Word("field", value, at)
    return Word(kind, value, at)


def _advice(sign: str) -> str:
    if sign in "'\"`":
        return f"the quotation mark {sign} is not closed"
    return f"{sign!r} means nothing here; write for example: age > 30 and labels = 'music'"
