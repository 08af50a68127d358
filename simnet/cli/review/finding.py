"""`simnet review search` and `similar` find records within a review."""

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from simnet.cli.options import AsJson
from simnet.cli.output import print_cells, print_json
from simnet.cli.review.opening import (
    REVIEWS,
    Field,
    Name,
    Reviews,
    Where,
    brief,
    listed_text,
    open_review,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simnet.review import Answer, Decision, Record

Status: TypeAlias = Literal["pending", "submitted", "discarded"]
Limit = Annotated[int, typer.Option(min=1, help="How many to show at most.")]


def search(
    name: Name,
    words: Annotated[
        str | None, typer.Argument(help="Words; those found have all of them.")
    ] = None,
    field: Field = None,
    where: Where = None,
    status: Annotated[Status | None, typer.Option(help="Only records of this status.")] = None,
    annotator: Annotated[
        str | None, typer.Option("--as", help="Whose status; that of all if left out.")
    ] = None,
    answers: Annotated[
        bool, typer.Option("--answers", help="Show what each annotator decided.")
    ] = False,
    limit: Limit = 10,
    as_json: AsJson = False,
    reviews: Reviews = REVIEWS,
) -> None:
    """Find records by words, conditions and status, or where annotators differ.

    --where "differ=QUESTION" finds those that were answered in different ways, and
    --where "differ=status" those that some submitted and some discarded.
    """
    review = open_review(name, reviews)
    found = review.search(
        words, field=field, where=tuple(where or ()), status=status, annotator=annotator
    )
    shown = found[:limit]
    decided = review.decided() if answers else {}
    held = [{who: own[one.id] for who, own in decided.items() if one.id in own} for one in shown]
    if as_json:
        records = [_plain(record) for record in shown]
        if answers:
            records = [
                one | {"decisions": {who: _told(decision) for who, decision in given.items()}}
                for one, given in zip(records, held, strict=True)
            ]
        print_json({"found": len(found), "records": records})
        return
    cells = [[one.id, brief(listed_text(review.shown(one, field), field))] for one in shown]
    headings = ["record", field or "text"]
    if answers:
        headings.append("decisions")
        cells = [[*row, _answers_text(given)] for row, given in zip(cells, held, strict=True)]
    print_cells(headings, cells)
    typer.echo(f"{len(shown):,} of {len(found):,} found")


def similar(
    name: Name,
    to: Annotated[str, typer.Argument(help="The id of a record, or a text.")],
    field: Annotated[str, typer.Option(help="Column to compare.")],
    limit: Limit = 10,
    embedder: Annotated[
        str | None, typer.Option(help="wordllama, or sentence-transformers:MODEL.")
    ] = None,
    as_json: AsJson = False,
    reviews: Reviews = REVIEWS,
) -> None:
    """Find the records most similar to one, or to a text, by the vector of a column."""
    review = open_review(name, reviews)
    near = review.similar(to, field=field, limit=limit, embedder=embedder)
    if as_json:
        found = [{"score": one.score, **_plain(one.record)} for one in near]
        print_json({"field": field, "records": found})
        return
    cells = [[f"{one.score:.3f}", one.record.id, brief(one.record.text(field))] for one in near]
    print_cells(["score", "record", field], cells, numbers={"score"})


def _plain(record: "Record") -> dict[str, object]:
    from simnet.review.records.record_table import plain  # noqa: PLC0415  (imports pyarrow)

    return {"id": record.id, "fields": plain(record.fields)}


def _told(decision: "Decision") -> dict[str, object]:
    return {"status": decision.status, "answers": dict(decision.answers)}


def _answers_text(decisions: "Mapping[str, Decision]") -> str:
    """Write what each annotator decided, an annotator a line."""
    return ";\n".join(
        " ".join([who, decision.status, *map(_answer_text, decision.answers.items())])
        for who, decision in decisions.items()
    )


def _answer_text(given: "tuple[str, Answer]") -> str:
    name, answer = given
    return f"{name}={','.join(answer) if isinstance(answer, list) else answer}"
