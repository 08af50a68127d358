"""`simnet review status` and `agreement`: how far annotators are, and how far they agree."""

from typing import Annotated

import typer

from simnet.cli.options import AsJson
from simnet.cli.output import print_cells, print_json
from simnet.cli.review.opening import REVIEWS, Name, Reviews, Who, open_review
from simnet.errors import UsageError
from simnet.foundation.text import counted, visible


def status(name: Name, as_json: AsJson = False, reviews: Reviews = REVIEWS) -> None:
    """Count the records by status for each annotator."""
    review = open_review(name, reviews)
    standing = review.status()
    if as_json:
        asked = [question.plain() for question in review.questions]
        told = [progress._asdict() for progress in standing]
        records = len(review)
        print_json(
            {"review": review.name, "records": records, "questions": asked, "annotators": told}
        )
        return
    cells = [[one.annotator, *map(str, one[1:])] for one in standing]
    headings = ["annotator", "pending", "submitted", "discarded"]
    print_cells(headings, cells, numbers=set(headings[1:]))
    names = ", ".join(question.name for question in review.questions)
    typer.echo(visible(f"{counted(len(review), 'record')}; questions: {names}"))


def agreement(
    name: Name,
    annotator: Who = None,
    level: Annotated[
        list[str] | None,
        typer.Option(
            metavar="QUESTION=LEVEL",
            help="Level of a rating: nominal, interval, or ordinal, the default; repeatable.",
        ),
    ] = None,
    as_json: AsJson = False,
    reviews: Reviews = REVIEWS,
) -> None:
    """Compare annotators on each question by Krippendorff's alpha."""
    review = open_review(name, reviews)
    levels = dict(map(_pair, level or []))
    found = review.agreement(annotators=annotator or None, levels=levels)  # type: ignore[arg-type]
    if as_json:
        print_json({"review": review.name, "questions": [one._asdict() for one in found]})
        return
    cells = [
        [
            one.question,
            one.level or "-",
            "-" if one.alpha is None else f"{one.alpha:.3f}",
            str(one.items),
            str(one.annotators),
            one.why or "",
        ]
        for one in found
    ]
    headings = ["question", "level", "alpha", "records", "annotators", "why not"]
    print_cells(headings, cells, numbers={"alpha", "records", "annotators"})


def _pair(text: str) -> tuple[str, str]:
    name, equals, level = text.rpartition("=")
    if not equals:
        raise UsageError(f"--level {text}: give QUESTION=LEVEL")
    return name, level
