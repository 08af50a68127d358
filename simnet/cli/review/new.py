"""`simnet review new` makes a review of a file, a catalogue or a run."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simnet.cli.given_path import check_there
from simnet.cli.options import AsJson, Runs
from simnet.cli.output import print_error, print_json
from simnet.cli.review.opening import REVIEWS, Field, Reviews, Where, Words, folder_of
from simnet.cli.run_names import RUNS
from simnet.errors import UsageError
from simnet.foundation.text import counted, visible

if TYPE_CHECKING:
    from simnet.review import Drawn, Question

Several = list[str] | None


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the review, or its path.")],
    file: Annotated[
        Path | None, typer.Option("--file", help="CSV, JSON, JSONL or Parquet file with records.")
    ] = None,
    personas: Annotated[
        Path | None, typer.Option("--personas", help="Folder of a catalogue of personas.")
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", help="A run whose replies are reviewed.")
    ] = None,
    runs: Runs = RUNS,
    cohort: Annotated[str | None, typer.Option(help="Only replies of this cohort.")] = None,
    rating: Annotated[
        Several, typer.Option(metavar="NAME[=1-5]", help="Ask for a rating; repeatable.")
    ] = None,
    label: Annotated[
        Several, typer.Option(metavar="NAME=A,B", help="Ask for one label; repeatable.")
    ] = None,
    multi_label: Annotated[
        Several, typer.Option(metavar="NAME=A,B", help="Ask for labels; repeatable.")
    ] = None,
    ranking: Annotated[
        Several, typer.Option(metavar="NAME=A,B", help="Ask for an order; repeatable.")
    ] = None,
    correct: Annotated[
        Several, typer.Option(metavar="[NAME=]COLUMN", help="Ask for a correction; repeatable.")
    ] = None,
    comment: Annotated[
        Several, typer.Option(metavar="NAME", help="Ask for a comment; repeatable.")
    ] = None,
    annotator: Annotated[
        Several, typer.Option(help="Let these people decide and nobody else; repeatable.")
    ] = None,
    words: Words = None,
    field: Field = None,
    where: Where = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Most records to take.")] = None,
    id_column: Annotated[str | None, typer.Option("--id", help="Column with the ids.")] = None,
    without: Annotated[
        Several, typer.Option(metavar="COLUMN", help="Leave a column out; repeatable.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Go on without rows that cannot be read.")
    ] = False,
    as_json: AsJson = False,
    reviews: Reviews = REVIEWS,
) -> None:
    """Make a review of records with questions; a `?` after a name makes a question optional."""
    from simnet.review import Review, from_catalogue, from_file, from_run  # noqa: PLC0415

    if (file is not None) + (personas is not None) + (run is not None) != 1:
        raise UsageError("name what is reviewed with one of --file, --personas and --run")
    if cohort is not None and run is None:
        raise UsageError("--cohort chooses replies of a run; give it with --run")
    if (id_column is not None or skip_bad) and file is None:
        raise UsageError("--id and --skip-bad are for records of a file; give them with --file")
    if (given := file or personas) is not None:
        check_there(given)
    kinds = {
        "rating": rating, "label": label, "multi-label": multi_label, "ranking": ranking,
        "correction": correct, "comment": comment,
    }  # fmt: skip
    questions = read_questions(kinds)
    left = tuple(without or ())
    source: Drawn
    if file is not None:
        source = from_file(file, id_column=id_column, without=left, skip_bad=skip_bad)
    elif personas is not None:
        source = from_catalogue(personas, words=words, field=field, without=left)
        words = field = None
    else:
        source = from_run(str(run), runs=runs, cohort=cohort, without=left)
    made = Review.new(
        folder_of(name, reviews), source, questions, annotators=tuple(annotator or ()),
        words=words, field=field, where=tuple(where or ()), limit=limit,
    )  # fmt: skip
    if source.facts.get("made_ids"):
        print_error(
            "note: values of the column 'id' are missing or repeated, so the ids of the records "
            "are made of their contents; take another column with --id"
        )
    skipped = source.facts.get("skipped", 0)
    if as_json:
        print_json({"folder": str(made.folder), "records": len(made), "skipped": skipped})
        return
    told = f", {counted(skipped, 'row')} skipped" if skipped else ""
    records = counted(len(made), "record")
    asked = counted(len(questions), "question")
    typer.echo(visible(f"{records} with {asked}{told}: {made.folder}"))
    named = name if reviews == REVIEWS else made.folder
    typer.echo(visible(f"decide with: simnet review open {named} --as YOUR_NAME"))


def read_questions(kinds: "dict[str, Several]") -> "Sequence[Question]":
    """Read the options of questions, by their kind."""
    from typing import cast  # noqa: PLC0415

    from simnet.review import Kind, parse_question  # noqa: PLC0415  (imports pyarrow)

    return [
        parse_question(cast("Kind", kind), text)
        for kind, texts in kinds.items()
        for text in texts or ()
    ]
