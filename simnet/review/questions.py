"""The questions of a review: their kinds, the answers they allow, and how they are written.

On the command line and in a string a question is `NAME=ANSWERS`; see `parse_question`.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, get_args

from simnet.errors import InputError
from simnet.foundation.text import did_you_mean, visible
from simnet.personas.sources.families.reviewed import BY, ORIGINAL

Kind: TypeAlias = Literal["rating", "label", "multi-label", "correction", "comment", "ranking"]
Answer: TypeAlias = int | str | list[str]
"""A rating is an int, a label a text, several labels and a ranking lists of texts, a correction
and a comment texts."""

KINDS: tuple[str, ...] = get_args(Kind)
LOWEST, HIGHEST = 0, 10
"""Bounds of scales, so that one key gives a rating; Argilla has the same."""
RESERVED = ("status", "record_id")
"""Columns of every export."""
_CHOOSING = {"label", "multi-label", "ranking"}
_REQUIRED = {"rating", "label", "multi-label", "ranking"}
_SCALE = re.compile(r"(\d+)\s*(?:-|\.\.)\s*(\d+)")


@dataclass(frozen=True)
class Question:
    """One question that is asked of every record.

    A question is required unless it is a correction or a comment, or `required` says otherwise.
    Raises InputError when its parts do not fit together.
    """

    name: str
    """Its name, unique in the review."""
    kind: Kind
    """Its form, such as a rating or a comment."""
    labels: tuple[str, ...] = ()
    """What is chosen from, or ranked."""
    scale: tuple[int, int] | None = None
    """The lowest and the highest rating; both are whole numbers from 0 to 10."""
    field: str | None = None
    """The column that a correction corrects."""
    required: bool | None = None
    """Whether a record can be submitted only with an answer; None for the kind's default."""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip() or not self.name.isprintable():
            raise InputError(f"a question has the name {self.name!r}; give it letters and digits")
        if self.kind not in KINDS:
            hint = did_you_mean(str(self.kind), KINDS) or f"; there are {', '.join(KINDS)}"
            raise self._fault(f"there is no kind {self.kind!r} of question{hint}")
        if self.name in RESERVED:
            raise self._fault("the name is a column of every export; choose another")
        object.__setattr__(self, "labels", tuple(self.labels))
        self._check_labels()
        self._check_scale()
        if self.kind == "correction" and not self.field:
            raise self._fault("a correction names the column that it corrects, with field=")
        if self.kind != "correction" and self.field is not None:
            raise self._fault(f"a {self.kind} has no field; only a correction has one")
        if self.required is None:
            object.__setattr__(self, "required", self.kind in _REQUIRED)

    def check(self, value: Any) -> Answer:
        """Return an answer as it is stored. Raises InputError for one that is not allowed."""
        match self.kind:
            case "rating":
                return self._rating(value)
            case "label":
                return self._label(value)
            case "multi-label":
                chosen = [self._label(one) for one in self._list(value)]
                return [label for label in self.labels if label in chosen]
            case "ranking":
                return self._ranking(value)
        if not isinstance(value, str):
            raise self._refused(value, "give a text")
        return value

    @property
    def ratings(self) -> range:
        """The ratings that are allowed, in order; empty for another kind."""
        return range(self.scale[0], self.scale[1] + 1) if self.scale else range(0)

    def plain(self) -> dict[str, Any]:
        """Return the question as values of JSON, which `question_of` reads."""
        told = {name: value for name, value in asdict(self).items() if value not in (None, ())}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in told.items()}

    def _check_labels(self) -> None:
        if self.kind not in _CHOOSING:
            if self.labels:
                raise self._fault(f"a {self.kind} has no labels")
            return
        if len(self.labels) < (1 if self.kind == "multi-label" else 2):
            count = "no labels" if not self.labels else f"only the label {self.labels[0]!r}"
            raise self._fault(f"it has {count}; name what to choose from, such as good,bad")
        for label, times in Counter(self.labels).items():
            if not isinstance(label, str) or not label.strip():
                raise self._fault("a label is empty or no text; give each label a text")
            if times > 1:
                raise self._fault(f"the label {label!r} is there {times} times; name each once")

    def _check_scale(self) -> None:
        if self.kind != "rating":
            if self.scale is not None:
                raise self._fault(f"a {self.kind} has no scale")
            return
        scale = (1, 5) if self.scale is None else tuple(self.scale)
        whole = all(isinstance(one, int) and not isinstance(one, bool) for one in scale)
        if len(scale) != 2 or not whole or not LOWEST <= scale[0] < scale[1] <= HIGHEST:
            raise self._fault(
                f"the scale {self.scale!r} is none; give two whole numbers from {LOWEST} to "
                f"{HIGHEST}, the lower first, such as 1-5"
            )
        object.__setattr__(self, "scale", scale)

    def _rating(self, value: Any) -> int:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or value not in self.ratings:
            raise self._refused(value, f"give {self.ratings[0]} to {self.ratings[-1]}")
        return int(value)

    def _label(self, value: Any) -> str:
        if value not in self.labels:
            hint = did_you_mean(str(value), self.labels)
            raise self._refused(value, f"give one of {', '.join(self.labels)}{hint}")
        return str(value)

    def _list(self, value: Any) -> Sequence[Any]:
        if isinstance(value, str) or not isinstance(value, Collection):
            raise self._refused(value, "give a list of labels")
        return list(value)

    def _ranking(self, value: Any) -> list[str]:
        ranked = [self._label(one) for one in self._list(value)]
        if sorted(ranked) != sorted(self.labels):
            raise self._refused(value, f"rank each of {', '.join(self.labels)} once, best first")
        return ranked

    def _refused(self, value: Any, advice: str) -> InputError:
        return self._fault(f"{value!r} is no answer to a {self.kind}: {advice}")

    def _fault(self, why: str) -> InputError:
        return InputError(f"question {visible(str(self.name))!r}: {why}")


def question_of(values: Mapping[str, Any]) -> Question:
    """Make a question of values of JSON. Raises InputError for what is no question."""
    unknown = set(values) - set(Question.__dataclass_fields__)
    if unknown or not {"name", "kind"} <= set(values):
        raise InputError(f"{dict(values)!r} is no question: it needs name and kind")
    try:
        told = dict(values) | {"labels": tuple(values.get("labels", ()))}
        if told.get("scale") is not None:
            told["scale"] = tuple(told["scale"])
    except TypeError:
        raise InputError(f"question {values['name']!r}: labels and scale are lists") from None
    return Question(**told)


def parse_question(kind: Kind, text: str) -> Question:
    """Read a question as the command line has it.

    A rating is `NAME` or `NAME=1-5`; a label, several labels and a ranking are
    `NAME=LABEL,LABEL`; a correction is `COLUMN` or `NAME=COLUMN`; a comment is `NAME`. A question
    mark after the name makes the question optional, an exclamation mark makes it required.
    Raises InputError for anything else.
    """
    name, equals, rest = (part.strip() for part in text.partition("="))
    required = {"?": False, "!": True}.get(name[-1:])
    name = name[:-1] if required is not None else name
    if equals and not rest:
        raise InputError(f"question {name!r}: there is nothing after the equals sign")
    if kind == "rating":
        return Question(name, kind, scale=_scale(name, rest), required=required)
    if kind == "correction":
        own = name if equals else f"corrected_{name}"
        return Question(own, kind, field=rest or name, required=required)
    if kind == "comment":
        if rest:
            raise InputError(f"question {name!r}: a comment has only a name")
        return Question(name, kind, required=required)
    labels = tuple(label.strip() for label in rest.split(",") if label.strip())
    return Question(name, kind, labels=labels, required=required)


def check_questions(questions: Sequence[Question], columns: Sequence[str]) -> None:
    """Raise InputError unless the questions fit each other and the columns of the records.

    No column of an export may be meant twice: those of the records, `status`, `record_id`, each
    question, its answers by annotator and the originals of what is corrected.
    """
    if not questions:
        raise InputError("a review needs a question; add one, such as a rating `quality=1-5`")
    for name, count in Counter(question.name for question in questions).items():
        if count > 1:
            raise InputError(f"{count} questions have the name {name!r}; give each its own")
    taken = dict.fromkeys(columns, "a column of the records")
    taken |= dict.fromkeys(RESERVED, "a column of every export")
    for question in questions:
        if question.field is not None and question.field not in columns:
            hint = did_you_mean(question.field, columns) or f"; there are {', '.join(columns)}"
            raise InputError(
                f"question {question.name!r} corrects the column {question.field!r}, which the "
                f"records do not have{hint}"
            )
        for name in export_columns(question):
            if name in taken:
                raise InputError(
                    f"question {question.name!r}: the export would have the column {name!r} "
                    f"twice, as that is {taken[name]} already; rename the question"
                )
            taken[name] = f"of the question {question.name!r}"


def export_columns(question: Question) -> list[str]:
    """List the columns that a question adds to an export."""
    original = [f"{question.field}{ORIGINAL}"] if question.field else []
    return [question.name, f"{question.name}{BY}", *original]


def _scale(name: str, text: str) -> tuple[int, int] | None:
    if not text:
        return None
    found = _SCALE.fullmatch(text)
    if not found:
        raise InputError(f"question {name!r}: {text!r} is no scale; write it as 1-5")
    return int(found[1]), int(found[2])


def parse_answer(question: Question, text: str) -> Answer:
    """Read an answer as the command line has it: labels are separated by commas.

    Raises InputError for one that is not allowed.
    """
    match question.kind:
        case "rating":
            return question.check(int(text) if text.strip().isdecimal() else text)
        case "multi-label" | "ranking":
            return question.check([label.strip() for label in text.split(",") if label.strip()])
        case "label":
            return question.check(text.strip())
    return question.check(text)
