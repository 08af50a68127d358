"""`simnet review next`, `submit`, `discard` and `undo`: decisions one command at a time."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from simnet.cli.options import AsJson
from simnet.cli.output import print_json
from simnet.cli.review.deciding_found import decide_found, find, is_of_one
from simnet.cli.review.opening import (
    REVIEWS,
    Annotator,
    Field,
    Name,
    Reviews,
    Where,
    Words,
    open_review,
    print_questions,
    print_record,
)
from simnet.errors import UsageError
from simnet.foundation.text import counted, did_you_mean, visible

if TYPE_CHECKING:
    from simnet.review import Answer, Decision, Review

_SHOWN = 20
"""Most undone decisions that are listed; `--json` has all."""

Record = Annotated[
    str | None,
    typer.Argument(metavar="RECORD", help="The id of a record; left out for all that are found."),
]
Status = Annotated[
    Literal["pending", "submitted", "discarded"] | None,
    typer.Option(help="Records that have this status for you; by default pending."),
]
Yes = Annotated[
    bool, typer.Option("--yes", help="Decide on the records found, not only list them.")
]
Answers = Annotated[
    list[str] | None,
    typer.Option("--answer", metavar="QUESTION=ANSWER", help="An answer; repeatable."),
]


def next_record(
    name: Name,
    annotator: Annotator,
    words: Words = None,
    field: Field = None,
    where: Where = None,
    after: Annotated[str | None, typer.Option(help="Id of a record to go on behind.")] = None,
    as_json: AsJson = False,
    reviews: Reviews = REVIEWS,
) -> None:
    """Show the next record that is pending for an annotator, and what is asked."""
    review = open_review(name, reviews)
    conditions = tuple(where or ())
    record = review.next(annotator, words=words, field=field, where=conditions, after=after)
    progress = review.progress(annotator)
    if as_json:
        from simnet.review.records.record_table import plain  # noqa: PLC0415  (imports pyarrow)

        found = None if record is None else {"id": record.id, "fields": plain(record.fields)}
        asked = [question.plain() for question in review.questions]
        print_json({"record": found, "questions": asked, "progress": progress._asdict()})
        return
    if record is not None:
        print_record(review.shown(record))
        print_questions(review.questions)
    typer.echo(
        visible(
            f"{annotator}: {progress.pending} pending, {progress.submitted} submitted, "
            f"{progress.discarded} discarded"
        )
    )


def submit(
    name: Name,
    annotator: Annotator,
    record: Record = None,
    answer: Answers = None,
    words: Words = None,
    field: Field = None,
    where: Where = None,
    status: Status = None,
    yes: Yes = False,
    as_json: AsJson = False,
    reviews: Reviews = REVIEWS,
) -> None:
    """Submit answers about a record, or about all that are found.

    Labels are separated by commas. With --search, --where or --status, the records that are found
    and pending are listed, and decided with --yes; an undo takes them back together.
    """
    review = open_review(name, reviews)
    answers = read_answers(review, answer or [])
    if is_of_one(record, words, field, where, status, yes=yes):
        decision = review.submit(annotator, str(record), answers)
        _print_next(review, decision, as_json=as_json)
        return
    found = find(review, annotator, words, field, where or (), status or "pending")
    decide_found(review, annotator, "submit", answers, found, yes=yes, as_json=as_json)


def discard(
    name: Name,
    annotator: Annotator,
    record: Record = None,
    answer: Answers = None,
    words: Words = None,
    field: Field = None,
    where: Where = None,
    status: Status = None,
    yes: Yes = False,
    as_json: AsJson = False,
    reviews: Reviews = REVIEWS,
) -> None:
    """Leave a record out, or all that are found.

    With --search, --where or --status, the records that are found and pending are listed, and
    discarded with --yes; an undo takes them back together.
    """
    review = open_review(name, reviews)
    answers = read_answers(review, answer or [])
    if is_of_one(record, words, field, where, status, yes=yes):
        decision = review.discard(annotator, str(record), answers)
        _print_next(review, decision, as_json=as_json)
        return
    found = find(review, annotator, words, field, where or (), status or "pending")
    decide_found(review, annotator, "discard", answers, found, yes=yes, as_json=as_json)


def undo(
    name: Name,
    annotator: Annotator,
    levels: Annotated[int, typer.Option(min=1, help="How many steps to take back.")] = 1,
    as_json: AsJson = False,
    reviews: Reviews = REVIEWS,
) -> None:
    """Take back the last decision of an annotator, or all that were recorded at once."""
    review = open_review(name, reviews)
    undone = review.undo(annotator, levels)
    held = {one.record: review.status_of(annotator, one.record) for one in undone}
    if as_json:
        plain = [
            {"record": one.record, "status": one.status, "answers": dict(one.answers),
             "now": held[one.record]}
            for one in undone
        ]  # fmt: skip
        print_json({"undone": plain, "progress": review.progress(annotator)._asdict()})
        return
    for decision in undone[:_SHOWN]:
        told = f"{decision.record}: undone: {decision.status}; now {held[decision.record]}"
        typer.echo(visible(told))
    if len(undone) > _SHOWN:
        typer.echo(
            f"{counted(len(undone), 'decision')} undone, {len(undone) - _SHOWN:,} not listed"
        )


def read_answers(review: "Review", texts: list[str]) -> "dict[str, Answer]":
    """Read `--answer` options. Raises UsageError unless each names a question once."""
    from simnet.review.questions import parse_answer  # noqa: PLC0415  (imports pyarrow)

    questions = {question.name: question for question in review.questions}
    answers: dict[str, Answer] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--answer {text}: give QUESTION=ANSWER")
        if name not in questions:
            hint = did_you_mean(name, questions) or f"; there are {', '.join(questions)}"
            raise UsageError(f"--answer {text}: there is no question {name!r}{hint}")
        if name in answers:
            raise UsageError(f"--answer {text}: {name!r} is answered already")
        answers[name] = parse_answer(questions[name], value)
    return answers


def _print_next(review: "Review", decision: "Decision", *, as_json: bool) -> None:
    """Tell what was decided and which record is the next one that is pending."""
    following = review.next(decision.annotator)
    progress = review.progress(decision.annotator)
    if as_json:
        key = following.id if following else None
        told = {"record": decision.record, "status": decision.status, "next": key}
        print_json(told | {"progress": progress._asdict()})
        return
    left = counted(progress.pending, "record")
    after = f"next: {following.id} ({left} pending)" if following else "nothing is pending"
    typer.echo(visible(f"{decision.status} {decision.record}; {after}"))
