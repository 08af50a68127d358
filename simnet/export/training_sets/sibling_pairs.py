"""Compares sibling replies: those to one post by comparable personas."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

from simnet.export.training_sets.replies import RecordedReply
from simnet.export.training_sets.reply_scores import Score
from simnet.export.training_sets.screening import ChatPair

Comparable: TypeAlias = Literal["cohort", "anyone"]
"""Whose replies to one post are compared: those of one cohort, or all."""
CLOSE = "under the margin"
ALONE = "without a sibling"
UNSCORED = "shown or rated too seldom"
SAME = "in a pair of equal texts"


class Scored(NamedTuple):
    """A reply that is taken, with its score."""

    pair: ChatPair
    score: Score


def group_of(reply: RecordedReply, comparable: Comparable) -> Hashable:
    """Name the siblings of a reply."""
    return (reply.answers, reply.cohort if comparable == "cohort" else None)


def pairs(
    siblings: Sequence[Scored], margin: float, most: int, left_out: Counter[str]
) -> Iterator[tuple[Scored, Scored]]:
    """Yield up to `most` pairs of a better and a worse reply whose scores differ by `margin`.

    The best is paired with the worst, the next best with the next worst, and so on, so each reply
    is in one pair at most; the order of replies decides between equal scores.
    """
    if len(siblings) < 2:
        left_out[ALONE] += len(siblings)
        return
    ranked = sorted(siblings, key=lambda one: (-one.score.value, one.pair.reply.event))
    for better, worse in zip(ranked[:most], reversed(ranked[len(ranked) // 2 :]), strict=False):
        if better is worse or better.pair.reply.event == worse.pair.reply.event:
            return
        difference = better.score.value - worse.score.value
        if difference < margin or difference <= 0:
            left_out[CLOSE] += 1
            return
        if better.pair.answer == worse.pair.answer:
            left_out[SAME] += 1
            continue
        yield better, worse


def means(scores: Iterable[tuple[Hashable, float]]) -> dict[Hashable, tuple[float, int]]:
    """Return the sum and the number of scores of each group of siblings."""
    sums: dict[Hashable, tuple[float, int]] = {}
    for group, value in scores:
        total, count = sums.get(group, (0.0, 0))
        sums[group] = (total + value, count + 1)
    return sums
