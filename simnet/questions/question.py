"""What all questions have: a name, a text, and a form of answer that subclasses give."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.foundation.text import counted, one_line

Value: TypeAlias = str | int | float | bool | list[str]
"""An answer: a text, a number, yes or no as a bool, or choices in order."""

MOST_CHOICES = 50


@checked
@dataclass(frozen=True)
class Question:
    """A name, a text, and in subclasses the form of the answer.

    Raises ScenarioError for a name that is none, an empty text, and in subclasses for choices or
    bounds that make no question.
    """

    kind: ClassVar[str] = ""
    """What the column `kind` says."""
    name: str
    """At most 64 letters, digits, `_`, `.` and `-`; the key of the answers."""
    text: str
    """What is asked."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\w[\w.-]{0,63}", self.name):
            raise ScenarioError(
                f"question {self.name!r}: name it with at most 64 letters, digits, `_`, `.`, `-`"
            )
        self._check(bool(self.text.strip()), "its text is empty; say what is asked")

    def _check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise ScenarioError(f"question {self.name!r}: {otherwise}")

    def _check_choices(self, choices: Sequence[str], what: str) -> None:
        given = list(choices)
        self._check(len(given) > 1, f"it has {counted(len(given), what[:-1])}; give two or more")
        self._check(len(given) <= MOST_CHOICES, f"it has {len(given)} {what}; give at most 50")
        blank = [one for one in given if not one.strip() or one != one_line(one)]
        self._check(not blank, f"{blank[:1]} is empty or has several lines; give short texts")
        folded = {one.casefold() for one in given}
        self._check(len(folded) == len(given), f"two of its {what} are the same: {given}")

    @property
    def form(self) -> str:
        """Say how to answer."""
        raise NotImplementedError

    @property
    def pattern(self) -> str | None:
        """Regular expression of the replies of a constrained model; None allows any text."""
        raise NotImplementedError

    @property
    def allowed(self) -> tuple[str, ...]:
        """The replies of which one is the answer; empty if they cannot be listed."""
        return ()

    @property
    def max_tokens(self) -> int:
        """Tokens that a reply may take."""
        return 8

    def prompt(self) -> str:
        """Put the question, with the choices and how to answer."""
        return f"{self.text.strip()}\n{self.form}"


def escaped(text: str) -> str:
    """Escape a text for a pattern: what has a meaning there, and nothing else."""
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", text)


def one_of(count: int) -> str:
    """Return the pattern of one whole number from 1 to `count`, longer numbers first."""
    return f"({'|'.join(str(number) for number in range(count, 0, -1))})"


def numbered(items: Sequence[str]) -> list[str]:
    """List items with numbers from 1."""
    return [f"{number}. {item}" for number, item in enumerate(items, 1)]
