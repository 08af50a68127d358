"""Reads the decisions in a copy of a review, such as one that somebody worked on elsewhere."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from simnet.review.handoff.foreign_decisions import ForeignDecision
from simnet.review.review import Review


def read_copy(
    review: Review, path: Path, names: Mapping[str, str], *, suggestions: bool
) -> Iterator[ForeignDecision]:
    """Yield the decisions that hold in the folder of a copy, but those older than what holds here.

    Raises UsageError if there is no review at `path`.
    """
    for annotator, held in Review.open(path).decided().items():
        name = names.get(annotator, annotator)
        for record, decision in held.items():
            here = review.decision(name, record)
            if here is None or here.time < decision.time:
                yield ForeignDecision(
                    name,
                    record,
                    "discard" if decision.action == "discard" else "submit",
                    decision.answers,
                    decision.time,
                )
