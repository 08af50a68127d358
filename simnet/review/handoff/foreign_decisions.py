"""What the files of other tools have in common: short names, users, and decisions to add."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from simnet.errors import InputError
from simnet.foundation.text import visible
from simnet.review.deciding.decision_store import NewDecision
from simnet.review.deciding.decisions import Decision
from simnet.review.questions import Question
from simnet.review.records.record_table import as_text
from simnet.review.review import Review


class ForeignDecision(NamedTuple):
    """A decision as it was read from a file, before its answers are checked."""

    annotator: str
    record: str
    action: Literal["submit", "discard"]
    answers: Mapping[str, Any]
    time: datetime | None = None


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Give each name one of lower-case ASCII letters, digits and underscores, all different."""
    short: dict[str, str] = {}
    for name in names:
        stem = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "column"
        word, number = stem, 2
        while word in short.values():
            word, number = f"{stem}_{number}", number + 1
        short[name] = word
    return short


def add_all(
    review: Review,
    decisions: Iterable[ForeignDecision],
    where: str,
    origin: str,
    undone: Mapping[str, Sequence[Decision]],
) -> dict[str, int]:
    """Add decisions as those of their annotators, and count them; all or, if it raises, none.

    `undone` are decisions here, by annotator, that are taken back; they are counted too.

    A correction that is the original text is no correction. A decision that an annotator has
    already, with the same answers, is not added again; of several on one record the last counts.
    Raises InputError, which names `where`, the record and the annotator, for what the review does
    not allow.
    """
    by_annotator: dict[str, list[NewDecision]] = {}
    last = {(one.annotator, one.record): one for one in decisions}
    for one in last.values():
        answers = _changed(review, one)
        decision = NewDecision(one.record, one.action, answers, one.time)
        try:
            checked = review.checked(decision)
            held = review.decision(one.annotator, checked.record)
        except Exception as error:
            error.add_note(f"in {visible(where)}, of {visible(one.annotator)}; nothing was added")
            raise
        own = by_annotator.setdefault(one.annotator, [])
        if held is None or (held.action, held.answers) != (checked.action, checked.answers):
            own.append(checked)
    changed = {
        annotator: (by_annotator.get(annotator, []), undone.get(annotator, ()))
        for annotator in dict.fromkeys(
            [*by_annotator, *(who for who, own in undone.items() if own)]
        )
    }
    for annotator, (added, taken) in changed.items():
        if added or taken:
            review.add(annotator, added, origin, undone=taken)
    return {annotator: len(added) + len(taken) for annotator, (added, taken) in changed.items()}


def question_called(questions: Mapping[str, Question], name: str, where: str) -> Question:
    """Return the question that has a short name. Raises InputError if there is none."""
    if name not in questions:
        known = ", ".join(questions)
        raise InputError(f"{where}: there is no question {name!r} in the review; it has {known}")
    return questions[name]


def _changed(review: Review, decision: ForeignDecision) -> dict[str, Any]:
    fields = review.record(decision.record).fields
    same = {
        one.name
        for one in review.questions
        if one.field is not None
        and not one.required
        and decision.answers.get(one.name) in {as_text(fields.get(one.field)), ""}
    }
    return {name: value for name, value in decision.answers.items() if name not in same}
