"""The forms of questions: how each is put, and which replies a model may give.

A question is a value. Its name is the key of its answers, so names within one questionnaire
differ. Choices are put as a numbered list where a model has to name several, and as they are where
it has to name one, so that the reply reads as an answer and not as a code.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from simnet.foundation.arguments import checked
from simnet.foundation.numbers.written_numbers import exactly
from simnet.questions.question import Question, escaped, numbered, one_of

AGREEMENT = (
    "strongly disagree",
    "disagree",
    "neither agree nor disagree",
    "agree",
    "strongly agree",
)
"""The labels of a five-point Likert item (Likert 1932)."""


@checked
@dataclass(frozen=True)
class FreeText(Question):
    """A question that is answered in the persona's own words."""

    kind: ClassVar[str] = "free text"
    longest: int = 400
    """Characters of an answer; a longer one is cut."""

    def __post_init__(self) -> None:
        Question.__post_init__(self)
        self._check(self.longest > 0, f"longest={self.longest}; allow a character")

    @property
    def form(self) -> str:
        """Say how to answer."""
        return "Answer in your own words, in one to three sentences."

    @property
    def pattern(self) -> None:
        """Allow any text."""
        return

    @property
    def max_tokens(self) -> int:
        """Allow about four characters a token, twice."""
        return self.longest // 2 + 16


@checked
@dataclass(frozen=True)
class YesNo(Question):
    """A question that is answered by yes or no; the answer is a bool."""

    kind: ClassVar[str] = "yes or no"

    @property
    def form(self) -> str:
        """Say how to answer."""
        return "Answer with one word: yes or no."

    @property
    def pattern(self) -> str:
        """Allow the two words."""
        return "(yes|no)"

    @property
    def allowed(self) -> tuple[str, ...]:
        """List the two words."""
        return ("yes", "no")


@checked
@dataclass(frozen=True)
class Choice(Question):
    """A question that is answered by one of several choices."""

    kind: ClassVar[str] = "choice"
    choices: Sequence[str] = ()
    """Two or more texts, of which one is the answer."""

    def __post_init__(self) -> None:
        Question.__post_init__(self)
        self._check_choices(self.choices, "choices")

    @property
    def form(self) -> str:
        """List the choices."""
        return f"Answer with one of these, nothing else: {'; '.join(self.choices)}."

    @property
    def pattern(self) -> str:
        """Allow the choices."""
        return f"({'|'.join(map(escaped, self.choices))})"

    @property
    def allowed(self) -> tuple[str, ...]:
        """List the choices."""
        return tuple(self.choices)

    @property
    def max_tokens(self) -> int:
        """Allow the longest choice: at worst a token for each byte."""
        return max(len(one.encode()) for one in self.choices) + 4


@checked
@dataclass(frozen=True)
class MultipleChoice(Question):
    """A question that is answered by `least` to `most` of several choices."""

    kind: ClassVar[str] = "multiple choice"
    choices: Sequence[str] = ()
    """Two or more texts."""
    least: int = 1
    """With 0, `0` or words such as `none of them` are the answer that none is chosen."""
    most: int | None = None
    """None is all of them."""

    def __post_init__(self) -> None:
        Question.__post_init__(self)
        self._check_choices(self.choices, "choices")
        most = len(self.choices) if self.most is None else self.most
        self._check(
            0 <= self.least <= most <= len(self.choices) and most > 0,
            f"least={self.least}, most={self.most}; give 0 <= least <= most <= number of choices",
        )

    @property
    def upper(self) -> int:
        """The greatest number of choices in an answer."""
        return len(self.choices) if self.most is None else self.most

    @property
    def form(self) -> str:
        """List the choices with numbers."""
        span = str(self.upper) if self.least == self.upper else f"{self.least} to {self.upper}"
        none = ", or 0 for none" if self.least == 0 else ""
        how = f"Answer with the numbers of {span} of them, with commas between{none}."
        return "\n".join([*numbered(self.choices), how])

    @property
    def pattern(self) -> str:
        """Allow a list of numbers; repeats are found when the reply is read."""
        one = one_of(len(self.choices))
        least = max(self.least, 1) - 1
        several = f"{one}(, {one}){{{least},{self.upper - 1}}}" if self.upper > 1 else one
        return f"({several}|0)" if self.least == 0 else several

    @property
    def max_tokens(self) -> int:
        """Allow four tokens a number."""
        return 4 * self.upper + 4


@checked
@dataclass(frozen=True)
class Likert(Question):
    """A statement that is rated on a scale of labelled points; the answer is the point, from 1."""

    kind: ClassVar[str] = "likert"
    labels: Sequence[str] = AGREEMENT
    """Words for the points of the scale, from 1."""

    def __post_init__(self) -> None:
        Question.__post_init__(self)
        self._check_choices(self.labels, "labels")
        for point, label in enumerate(self.labels, 1):
            number = re.fullmatch(r"[-+\u2212]?\d+", label.strip())
            self._check(
                number is None or label.strip() == str(point),
                f"its label {label!r} is a number, but the answer is the point, here {point}; "
                "label the points with words, or ask a Number",
            )

    @property
    def form(self) -> str:
        """List the points with their labels."""
        points = ", ".join(f"{point} = {label}" for point, label in enumerate(self.labels, 1))
        return f"Answer with one number: {points}."

    @property
    def pattern(self) -> str:
        """Allow the points."""
        return one_of(len(self.labels))

    @property
    def allowed(self) -> tuple[str, ...]:
        """List the points."""
        return tuple(str(point) for point in range(1, len(self.labels) + 1))


@checked
@dataclass(frozen=True)
class Number(Question):
    """A question that is answered by a number from `low` to `high`."""

    kind: ClassVar[str] = "number"
    low: float = 0
    high: float = 100
    decimals: int = 0
    """Digits after the point; 0 asks for a whole number."""

    def __post_init__(self) -> None:
        Question.__post_init__(self)
        finite = all(abs(bound) <= 1e12 for bound in (self.low, self.high))
        self._check(
            finite and self.low < self.high, f"low={self.low}, high={self.high}; low < high"
        )
        self._check(0 <= self.decimals <= 6, f"decimals={self.decimals}; give 0 to 6")

    @property
    def form(self) -> str:
        """Say the range."""
        whole = "one whole number" if self.decimals == 0 else "one number"
        return f"Answer with {whole} from {exactly(self.low)} to {exactly(self.high)}."

    @property
    def pattern(self) -> str:
        """Allow numbers with as many digits; the range is checked when the reply is read."""
        digits = max(len(f"{abs(bound):.0f}") for bound in (self.low, self.high))
        sign = "-?" if self.low < 0 else ""
        point = rf"(\.[0-9]{{1,{self.decimals}}})?" if self.decimals else ""
        more = f"[0-9]{{0,{digits - 1}}}" if digits > 1 else ""
        return f"({sign}[1-9]{more}{point}|{sign}0{point})"

    @property
    def max_tokens(self) -> int:
        """Allow a token a digit."""
        return 24


@checked
@dataclass(frozen=True)
class Ranking(Question):
    """A question that is answered by all items in an order, the first first."""

    kind: ClassVar[str] = "ranking"
    items: Sequence[str] = ()
    """Two or more texts, which are put in an order."""

    def __post_init__(self) -> None:
        Question.__post_init__(self)
        self._check_choices(self.items, "items")

    @property
    def form(self) -> str:
        """List the items with numbers."""
        how = (
            f"Put all {len(self.items)} in order, the best first: answer with their numbers, with "
            "commas between, each once."
        )
        return "\n".join([*numbered(self.items), how])

    @property
    def pattern(self) -> str:
        """Allow as many numbers; repeats are found when the reply is read."""
        one = one_of(len(self.items))
        return f"{one}(, {one}){{{len(self.items) - 1}}}"

    @property
    def max_tokens(self) -> int:
        """Allow four tokens a number."""
        return 4 * len(self.items) + 4
