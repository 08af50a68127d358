"""How far annotators agree: Krippendorff's alpha of every question.

Alpha is 1 where all agree, 0 where they agree as by chance, and below 0 where they differ more than
by chance. The method is that of Krippendorff, *Content Analysis* (2019), chapter 12, as the package
`krippendorff` computes it; answers that are missing are left out.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple, TypeAlias

from simnet.distribution import install_command
from simnet.errors import UsageError
from simnet.review.decisions import Decision
from simnet.review.questions import Question

Level: TypeAlias = Literal["nominal", "ordinal", "interval"]

LEVELS: Mapping[str, Level] = {
    "rating": "ordinal", "label": "nominal", "multi-label": "nominal", "ranking": "ordinal",
}  # fmt: skip
"""The level of measurement of each kind of question that can be compared."""
STATUS = "status"
"""The row that compares what was submitted with what was discarded."""

Decided: TypeAlias = Mapping[str, Mapping[str, Decision]]
"""The decisions that hold: by annotator, then by record."""
_Units: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Values by annotator, then by unit of comparison."""


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
    if find_spec("krippendorff") is None:
        raise UsageError(
            "agreement is computed with krippendorff; install it, in a clone of simnet: "
            f"{install_command('review')}"
        )
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
        items, annotators = _overlap(answers)
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
        items, annotators = _overlap(answers)
        compared = _compared(question.name, level, ranks, places)
        yield compared._replace(items=items, annotators=annotators)
    else:
        domain = tuple(question.ratings) or question.labels
        yield _compared(question.name, level, answers, domain)


def _overlap(values: _Units) -> tuple[int, int]:
    """Count the units that two annotators have, and the annotators who have one of these."""
    counts: dict[str, int] = {}
    for own in values.values():
        for unit in own:
            counts[unit] = counts.get(unit, 0) + 1
    shared = {unit for unit, count in counts.items() if count > 1}
    return len(shared), sum(1 for own in values.values() if not shared.isdisjoint(own))


def _compared(name: str, level: Level, values: _Units, domain: Sequence[Any]) -> Agreement:
    items, annotators = _overlap(values)
    if items == 0:
        why = "no record was answered by two annotators"
        return Agreement(name, level, None, 0, annotators, why)
    units = sorted({unit for own in values.values() for unit in own})
    counts = [
        [sum(1 for own in values.values() if own.get(unit) == one) for one in domain]
        for unit in units
    ]
    shared = [row for row in counts if sum(row) > 1]
    given = [one for place, one in enumerate(domain) if any(row[place] for row in shared)]
    if len(given) == 1:
        why = f"all answers are {given[0]!r}, and alpha needs answers that differ"
        return Agreement(name, level, None, items, annotators, why)
    return Agreement(name, level, _alpha(counts, level), items, annotators)


def _alpha(counts: Sequence[Sequence[int]], level: Level) -> float:
    """Compute alpha from how often each value was given to each unit."""
    import krippendorff  # noqa: PLC0415  (an extra)
    import numpy as np  # noqa: PLC0415

    numbers = np.array(counts)
    domain = list(range(numbers.shape[1]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of numpy, raised in the package
        alpha = krippendorff.alpha(
            value_counts=numbers, value_domain=domain, level_of_measurement=level
        )
    return round(float(alpha), 6)
