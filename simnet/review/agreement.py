"""How far annotators agree: Krippendorff's alpha of every question."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from simnet.analysis.reliability import Judged, Level, check_installed, overlap, reliability
from simnet.errors import UsageError
from simnet.review.deciding.decisions import Decided
from simnet.review.questions import Question

LEVELS: Mapping[str, Level] = {
    "rating": "ordinal", "label": "nominal", "multi-label": "nominal", "ranking": "ordinal",
}  # fmt: skip
"""The level of measurement of each kind of question that can be compared."""
STATUS = "status"
"""The row that compares what was submitted with what was discarded."""


class Agreement(NamedTuple):
    """The agreement of annotators about one question."""

    question: str
    """Name of the question; of several labels, `NAME: LABEL`; `status` compares what was submitted
    and discarded."""
    level: Level | None
    """Level of measurement; None where texts are not compared."""
    alpha: float | None
    """Krippendorff's alpha; None if it cannot be computed."""
    items: int
    """Records that at least two annotators answered."""
    annotators: int
    """Annotators who answered one of these."""
    why: str | None = None
    """Why there is no alpha."""


def agreements(
    questions: Sequence[Question], decided: Decided, levels: Mapping[str, Level] | None = None
) -> list[Agreement]:
    """Compare the decisions on each question, and on the status.

    `levels` has the level of ratings by the names of their questions, where it is not `ordinal`.
    Raises UsageError for a level of another question, or if `krippendorff` is not installed.
    """
    check_installed()
    chosen = dict(levels or {})
    ratings = {question.name for question in questions if question.kind == "rating"}
    for name, level in chosen.items():
        if name not in ratings or level not in {"nominal", "ordinal", "interval"}:
            raise UsageError(
                f"no rating {name!r} with a level {level!r}; levels are nominal, ordinal or "
                f"interval, and there are the ratings {', '.join(sorted(ratings)) or 'none'}"
            )
    statuses = {
        who: {record: one.status for record, one in own.items()} for who, own in decided.items()
    }
    found = [agreement for question in questions for agreement in _of(question, decided, chosen)]
    return [*found, _compared(STATUS, "nominal", statuses, ("submitted", "discarded"))]


def _of(question: Question, decided: Decided, levels: Mapping[str, Level]) -> Iterator[Agreement]:
    answers: dict[str, dict[str, Any]] = {
        who: {
            record: one.answers[question.name]
            for record, one in own.items()
            if one.action == "submit" and question.name in one.answers
        }
        for who, own in decided.items()
    }
    level = levels.get(question.name) or LEVELS.get(question.kind)
    if level is None:
        items, annotators = overlap(answers)
        yield Agreement(question.name, None, None, items, annotators, "texts are not compared")
    elif question.kind == "multi-label":
        for label in question.labels:
            chosen = {
                who: {record: label in answer for record, answer in own.items()}
                for who, own in answers.items()
            }
            yield _compared(f"{question.name}: {label}", level, chosen, (False, True))
    elif question.kind == "ranking":
        ranks = {
            who: {
                f"{record}\n{label}": answer.index(label) + 1
                for record, answer in own.items()
                for label in question.labels
            }
            for who, own in answers.items()
        }
        places = tuple(range(1, len(question.labels) + 1))
        items, annotators = overlap(answers)
        compared = _compared(question.name, level, ranks, places)
        yield compared._replace(items=items, annotators=annotators)
    else:
        domain = tuple(question.ratings) or question.labels
        yield _compared(question.name, level, answers, domain)


def _compared(name: str, level: Level, values: Judged, domain: Sequence[Any]) -> Agreement:
    found = reliability(values, level, domain)
    return Agreement(name, level, found.alpha, found.items, found.annotators, found.why)
