"""Reads the decisions in a copy of a review, such as one that somebody worked on elsewhere.

A decision is the same in both where its annotator, its record and its time are.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from simnet.errors import InputError
from simnet.review.deciding.decisions import Decision
from simnet.review.handoff.foreign_decisions import ForeignDecision
from simnet.review.records.record_table import as_text
from simnet.review.review import Review

_Key: TypeAlias = tuple[str, datetime]
"""The record and the time of a decision of one annotator."""


class _Decided(NamedTuple):
    standing: dict[_Key, Decision]
    undone: dict[_Key, Decision]


def read_copy(
    review: Review, path: Path, names: Mapping[str, str], *, suggestions: bool
) -> Iterator[ForeignDecision]:
    """Yield the decisions that hold in the folder of a copy.

    Left out are those older than what holds here, and those that were undone here. Raises
    UsageError if there is no review at `path`, InputError if its records are others.
    """
    copy = Review.open(path)
    found = []
    for annotator, held in copy.decided().items():
        name = names.get(annotator, annotator)
        undone = _decided(review, name).undone
        for record, decision in held.items():
            here = review.decision(name, record)
            is_later = here is None or here.time < decision.time
            if is_later and (record, decision.time) not in undone:
                action: Literal["submit", "discard"] = (
                    "discard" if decision.action == "discard" else "submit"
                )
                answers, time = decision.answers, decision.time
                found.append(ForeignDecision(name, record, action, answers, time))
    _check_same(review, copy, {one.record for one in found})
    yield from found


def _check_same(review: Review, copy: Review, decided: Collection[str]) -> None:
    """Raise InputError unless what was decided there is the same record here."""
    if not decided:
        return
    theirs = {one.id: one.fields for one in copy.records if one.id in decided}
    for record in review.records:
        fields = theirs.get(record.id, {})
        for name in record.fields.keys() & fields.keys():
            if as_text(record.fields[name]) != as_text(fields[name]):
                raise InputError(
                    f"{copy.folder}: record {record.id!r} has another {name!r} than in "
                    f"{review.folder}; it is no copy of this review"
                )


def undone_in_copy(
    review: Review, path: Path, names: Mapping[str, str]
) -> dict[str, list[Decision]]:
    """Return the decisions that stand here and were undone in a copy, by annotator, last first."""
    copy = Review.open(path)
    undone: dict[str, list[Decision]] = {}
    for annotator in copy.annotators():
        name = names.get(annotator, annotator)
        there, here = _decided(copy, annotator).undone, _decided(review, name).standing
        undone.setdefault(name, []).extend(
            decision for key, decision in reversed(here.items()) if key in there
        )
    return undone


def _decided(review: Review, annotator: str) -> _Decided:
    decisions = review.history(annotator) if annotator in review.annotators() else []
    taken_back = {one.undoes for one in decisions}
    found = _Decided({}, {})
    for one in decisions:
        if one.action != "undo":
            part = found.undone if one.number in taken_back else found.standing
            part[one.record, one.time] = one
    return found
