"""The text of a filter, and how far it was read: names, signs, keywords and values."""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from simnet.errors import UsageError

_SIGN = r"<=|>=|<>|!=|==|[=<>~]"
_ANY_SIGN = re.compile(_SIGN)
_KEYWORDS = r"and|or|not|in|like|is|null|between|contains|true|false"
_KEYWORD = re.compile(rf"(?:{_KEYWORDS})(?!\w)", re.IGNORECASE)
_OPERATOR = re.compile(
    rf"\s*(?:{_SIGN})|\s+(?:not\s+)?(?:is|in|like|contains|between)(?!\w)", re.IGNORECASE
)
"""What follows the name of a field."""
_STOP = re.compile(r"[(),]|\s+(?:and|or)(?=[\s(]|$)|\s+", re.IGNORECASE)
_TEXT = re.compile(r"'((?:[^']|'')*)'")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"|`((?:[^`]|``)*)`')
_NAME = re.compile(
    r"[^=<>~!(),'\"`\s]+(?:\s+(?!(?:is|in|like|contains|between|not|and|or)\b)"
    r"[^=<>~!(),'\"`\s]+)*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?=[\s(),;]|$)", re.ASCII)
_WORD = re.compile(r"[^\s(),=<>!~'\"`][^\s(),]*")
_SHOWN = re.compile(rf"{_SIGN}|[(),]|[^\s(),=<>!~]+")


class FilterText:
    """A filter and the place up to which it was read."""

    def __init__(self, text: str, known: Collection[str]) -> None:
        self._text = text
        self._known = sorted(known, key=len, reverse=True)
        self._at = 0
        self._brackets = self._lists = 0
        self.last = 0
        """Where what was read last begins."""
        self._value: int | None = None
        """Where the last value without quotation marks begins."""

    # -- where it is ------------------------------------------------------------------------------

    def at_end(self) -> bool:
        """Whether nothing but blanks is left."""
        return self._start() == len(self._text)

    def problem(self, why: str, at: int | None = None) -> UsageError:
        """Make the error for a filter that is wrong at a place, by default the present one."""
        place = self._start() if at is None else at
        return UsageError(f"filter {self._text!r}, character {place + 1}: {why}")

    def unexpected(self, wanted: str) -> UsageError:
        """Make the error for something else than what should be here."""
        at = self._start()
        if at == len(self._text):
            return self.problem(f"the filter ends where {wanted} should be", at)
        if self._text[at] in "'\"`" and not (_TEXT.match(self._text, at) or self._quoted(at)):
            return self.problem(f"the quotation mark {self._text[at]} is not closed", at)
        found = self._quoted(at) or _TEXT.match(self._text, at) or _SHOWN.match(self._text, at)
        there = found[0] if found else self._text[at]
        return self.problem(f"there is {there!r} where {wanted} should be", at)

    @contextmanager
    def brackets(self, *, listed: bool = False) -> Iterator[None]:
        """Read what is in brackets: a value ends at the closing one, in a list at a comma too."""
        self._brackets += 1
        self._lists += listed
        try:
            yield
        finally:
            self._brackets -= 1
            self._lists -= listed

    # -- words ------------------------------------------------------------------------------------

    def takes(self, wanted: str) -> bool:
        """Take a keyword or a sign if it is next."""
        at = self._start()
        found = _KEYWORD.match(self._text, at) if wanted.isalpha() else None
        here = found[0].lower() if found else self._text[at : at + 1]
        if here == wanted:
            self._take(at, at + len(wanted))
            return True
        return False

    def expect(self, wanted: str) -> None:
        """Take a keyword or a sign. Raises UsageError for anything else."""
        if not self.takes(wanted):
            raise self.unexpected(f"`{wanted}`")

    def sign(self) -> str | None:
        """Take the sign of a comparison; None if there is none."""
        found = _ANY_SIGN.match(self._text, self._start())
        return self._take(found.start(), found.end()) if found else None

    # -- fields -----------------------------------------------------------------------------------

    def known_field(self) -> str | None:
        """Take the longest known name that an operator follows; None if there is none."""
        at = self._start()
        name = self._known_at(at)
        return None if name is None else self._take(at, at + len(name))

    def field(self) -> str:
        """Take the name of a field, known or not. Raises UsageError if there is none."""
        at = self._start()
        if found := self._quoted(at):
            mark = found[0][0]
            self._take(at, found.end())
            return found[0][1:-1].replace(mark * 2, mark)
        if name := next((one for one in self._known if self._is_whole(one, at)), None):
            return self._take(at, at + len(name))
        found = _NAME.match(self._text, at)
        keyword = _KEYWORD.match(self._text, at)
        is_name = keyword is None or _ANY_SIGN_NEXT.match(self._text, keyword.end())
        if found is None or not is_name or _NUMBER.match(self._text, at):
            raise self.unexpected("the name of a field")
        return self._take(at, found.end())

    def _known_at(self, at: int, sign: re.Pattern[str] = _OPERATOR) -> str | None:
        for name in self._known:
            if self._text.startswith(name, at) and sign.match(self._text, at + len(name)):
                return name
        return None

    def _is_whole(self, name: str, at: int) -> bool:
        end = at + len(name)
        after = self._text[end : end + 1]
        return self._text.startswith(name, at) and not (after.isalnum() or after in {"_", "-"})

    def _quoted(self, at: int) -> re.Match[str] | None:
        return _QUOTED.match(self._text, at)

    def advice(self) -> str:
        """Say how a value that `and` or `or` cut is written, if there was one before a name."""
        if self._value is None:
            return ""
        value = self._text[self._value : self._at].replace("'", "''")
        return f"; if {value!r} is one text, write it in single quotation marks"

    # -- values -----------------------------------------------------------------------------------

    def quoted(self) -> str | None:
        """Take a text in single quotation marks; None if there is none."""
        at = self._start()
        if self._text[at : at + 1] in {'"', "`"} and (found := self._quoted(at)):
            inner = found[0][1:-1]
            raise self.problem(f"{inner!r} is no text; write '{inner}'", at)
        found = _TEXT.match(self._text, at)
        if found is None:
            if self._text[at : at + 1] in {"'", '"', "`"}:
                raise self.unexpected("a text")
            return None
        self._take(at, found.end())
        self._value = None
        return found[1].replace("''", "'")

    def bare_word(self) -> str:
        """Take a number or words up to the next blank or bracket; empty if there is nothing."""
        at = self._start()
        found = _NUMBER.match(self._text, at) or _WORD.match(self._text, at)
        if found is None or (_KEYWORD.fullmatch(found[0]) and found[0].lower() not in _TRUTHS):
            return ""
        return self._take(at, found.end())

    def bare(self) -> str:
        """Take a value without quotation marks, up to the next condition; empty if there is none.

        Within brackets it ends at the closing one, in a list at a comma.
        """
        at = self._start()
        if _ANY_SIGN.match(self._text, at):
            return ""
        end, self._value = self._bare_end(at), at
        return self._take(at, end).rstrip() if end > at else ""

    def _bare_end(self, at: int) -> int:
        closing = ")," if self._lists else ")" if self._brackets else ""
        opened = 0
        start = max(0, at - 1) if self._text[at - 1 : at].isspace() else at
        for stop in _STOP.finditer(self._text, start):
            here = stop[0]
            if here == "(":
                opened += 1
            elif here == ")" and opened:
                opened -= 1
            elif self._ends_value(stop, "" if opened else closing):
                return max(at, stop.start())
        return len(self._text)

    def _ends_value(self, stop: re.Match[str], closing: str) -> bool:
        here = stop[0]
        if here in {"(", ")", ","}:
            return here in closing
        if here.isspace():  # a condition without `and`, which is told then
            return self._known_at(stop.end(), _ANY_SIGN_NEXT) is not None
        return True

    def _start(self) -> int:
        return self._at + len(self._text[self._at :]) - len(self._text[self._at :].lstrip())

    def _take(self, start: int, end: int) -> str:
        self.last, self._at = start, end
        return self._text[start:end]


_TRUTHS = {"true", "false"}
_ANY_SIGN_NEXT = re.compile(rf"\s*(?:{_SIGN})")
