"""Makes one answer of the answers of several annotators, by a rule that has a name."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from simnet.errors import UsageError
from simnet.personas.sources.families.reviewed import BY, ORIGINAL
from simnet.review.deciding.decisions import Decision, Status
from simnet.review.questions import Question
from simnet.review.records.record_table import ID, Record

RatingRule: TypeAlias = Literal["mean", "median", "majority"]
Keep: TypeAlias = Literal["majority", "any", "all"]

RATING_RULES: tuple[str, ...] = get_args(RatingRule)
KEEPS: tuple[str, ...] = get_args(Keep)


class Rules(NamedTuple):
    """How the decisions of several annotators on a record become one."""

    ratings: RatingRule = "mean"
    """mean or median of the ratings, or the rating given most often."""
    keep: Keep = "majority"
    """Which records are submitted: by more annotators than discarded them, by any, or by all who
    decided."""

    def checked(self) -> "Rules":
        """Return the rules. Raises UsageError for one that there is not."""
        if self.ratings not in RATING_RULES:
            raise UsageError(f"no rule {self.ratings!r} for ratings: {', '.join(RATING_RULES)}")
        if self.keep not in KEEPS:
            raise UsageError(f"no rule {self.keep!r} for keeping: {', '.join(KEEPS)}")
        return self

    def describe(self, questions: Sequence[Question]) -> list[str]:
        """Say in a sentence for each kind of question what its column has."""
        kept = {
            "majority": "more annotators submitted than discarded it",
            "any": "at least one annotator submitted it",
            "all": "every annotator who decided on it submitted it",
        }[self.keep]
        rating = {
            "mean": "mean of the ratings",
            "median": "median of the ratings",
            "majority": "rating given most often, null for a tie",
        }[self.ratings]
        texts = {
            "rating": rating,
            "label": "label given most often, null for a tie",
            "multi-label": "labels that more than half of those who answered gave",
            "correction": "text given most often, of equally frequent ones the latest",
            "comment": "all comments, one below another, those of who discarded it too",
            "ranking": "order by mean place, ties in the order of the question",
        }
        told = [f"A record is `submitted` if {kept}."]
        return told + [f"`{one.name}` ({one.kind}): {texts[one.kind]}." for one in questions]


def merged_status(decisions: Sequence[Decision], rules: Rules) -> Status:
    """Return the status of a record for all annotators together."""
    submitted = sum(one.status == "submitted" for one in decisions)
    discarded = len(decisions) - submitted
    if not decisions:
        return "pending"
    if rules.keep == "any":
        return "submitted" if submitted else "discarded"
    if rules.keep == "all":
        return "discarded" if discarded else "submitted"
    return "submitted" if submitted > discarded else "discarded"


def consolidated(
    record: Record, decisions: Mapping[str, Decision], questions: Sequence[Question], rules: Rules
) -> dict[str, Any]:
    """Return a record with its status, one answer to each question, and all answers.

    `decisions` are those that hold, by annotator. Corrections are in the place of what they
    correct, and the original is beside it.
    """
    row: dict[str, Any] = {ID: record.id, **record.fields}
    row["status"] = merged_status(list(decisions.values()), rules)
    for question in questions:
        given = [
            (decision, decision.answers[question.name])
            for _, decision in sorted(decisions.items())
            if question.name in decision.answers
            and (decision.action == "submit" or question.kind == "comment")
        ]
        answer = _merged(question, given, rules)
        row[question.name] = answer
        row[question.name + BY] = [
            {"annotator": decision.annotator, "value": value} for decision, value in given
        ]
        if question.field is not None:
            row[question.field + ORIGINAL] = record.fields.get(question.field)
            if answer is not None:
                row[question.field] = answer
    return row


def _merged(question: Question, given: Sequence[tuple[Decision, Any]], rules: Rules) -> Any:
    values = [value for _, value in given]
    if not values:
        return None
    if question.kind == "rating":
        return _rating(values, rules.ratings)
    if question.kind == "label":
        return _most_frequent(values)
    if question.kind == "comment":
        return "\n".join(values)
    if question.kind in {"multi-label", "ranking"}:
        return _lists(question, values)
    counts = Counter(values)
    latest = sorted(given, key=lambda pair: pair[0].time)
    return max(reversed(latest), key=lambda pair: counts[pair[1]])[1]


def _lists(question: Question, values: Sequence[list[str]]) -> list[str]:
    """Merge answers that are lists of labels."""
    if question.kind == "multi-label":
        counts = Counter(label for value in values for label in value)
        return [label for label in question.labels if counts[label] * 2 > len(values)]
    places = {
        label: statistics.fmean(value.index(label) for value in values) for label in question.labels
    }
    return sorted(question.labels, key=places.__getitem__)


def _rating(values: Sequence[int], rule: RatingRule) -> Any:
    if rule == "mean":
        return statistics.fmean(values)
    if rule == "median":
        return float(statistics.median(values))
    return _most_frequent(values)


def _most_frequent(values: Sequence[Any]) -> Any:
    """Return the value that is there most often; None if several are."""
    (first, count), *others = Counter(values).most_common(2)
    return None if others and others[0][1] == count else first
