"""Who decided on a record, and about what annotators are of two minds, as fields of filters."""

from collections.abc import Mapping, Sequence
from typing import Any

from simnet.review.deciding.decisions import Decision
from simnet.review.questions import Question

ANNOTATORS = "annotators"
"""The field with the annotators who decided on a record."""
DIFFER = "differ"
"""The field with the questions that were answered in different ways; `status` where some submitted
and some discarded the record."""
RANGE = "_range"
"""The end of the field with the highest rating less the lowest one."""


def difference_fields(questions: Sequence[Question]) -> list[str]:
    """List the fields that `differences` gives."""
    ratings = [one.name + RANGE for one in questions if one.kind == "rating"]
    return [ANNOTATORS, DIFFER, *ratings]


def differences(decisions: Mapping[str, Decision], questions: Sequence[Question]) -> dict[str, Any]:
    """Return who decided on a record and in what they differ; `decisions` are by annotator.

    Answers are compared of those who submitted the record; comments are not compared.
    """
    given = {one.name: _answers(decisions, one) for one in questions if one.kind != "comment"}
    differ = [name for name, answers in given.items() if any(one != answers[0] for one in answers)]
    if len({one.status for one in decisions.values()}) > 1:
        differ.append("status")
    ranges = {
        one.name + RANGE: max(given[one.name]) - min(given[one.name])
        for one in questions
        if one.kind == "rating" and given[one.name]
    }
    return {ANNOTATORS: sorted(decisions), DIFFER: differ, **ranges}


def _answers(decisions: Mapping[str, Decision], question: Question) -> list[Any]:
    return [
        one.answers[question.name]
        for one in decisions.values()
        if one.action == "submit" and question.name in one.answers
    ]
