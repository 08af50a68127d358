"""`simnet review export` writes what is kept, `import` reads decisions of other tools."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from simnet.cli.given_path import check_there
from simnet.cli.options import AsJson
from simnet.cli.output import print_json
from simnet.cli.review.opening import REVIEWS, Name, Reviews, Where, Who, open_review
from simnet.errors import UsageError
from simnet.foundation.text import counted, visible

Form: TypeAlias = Literal["parquet", "jsonl", "folder", "personas", "argilla", "label-studio"]
Tool: TypeAlias = Literal["argilla", "label-studio"]
Origin: TypeAlias = Literal["argilla", "label-studio", "simnet"]


def export(
    name: Name,
    out: Annotated[Path, typer.Option("--out", help="File or folder to make.")],
    form: Annotated[
        Form | None,
        typer.Option(
            "--form",
            help="Found out by the end of the name if left out: .parquet, .jsonl, or a folder.",
        ),
    ] = None,
    where: Where = None,
    status: Annotated[
        list[str] | None,
        typer.Option(help="Records of this status, by default submitted; repeatable."),
    ] = None,
    ratings: Annotated[
        Literal["mean", "median", "majority"],
        typer.Option(help="What is made of the ratings of several annotators."),
    ] = "mean",
    keep: Annotated[
        Literal["majority", "any", "all"],
        typer.Option(help="How many of the annotators have to have submitted a record."),
    ] = "majority",
    annotator: Who = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    as_json: AsJson = False,
    reviews: Reviews = REVIEWS,
) -> None:
    """Write the records that are kept, or hand the review to another tool."""
    from simnet.review import Rules  # noqa: PLC0415  (imports pyarrow)

    review = open_review(name, reviews)
    if form in {"argilla", "label-studio"}:
        from simnet.review.handoff.handoff import hand_off  # noqa: PLC0415  (imports pyarrow)

        if force or where or status:
            raise UsageError(
                "another tool gets all records in a new folder: leave out --force, "
                "--where and --status"
            )
        tool: Tool = "argilla" if form == "argilla" else "label-studio"
        written = hand_off(review, out, tool, annotators=annotator or None)
        if as_json:
            print_json({"out": str(out), "form": form, "rows": len(review)})
        else:
            typer.echo(visible(f"{counted(len(review), 'record')}: {written}"))
        return
    made = review.export(
        out,
        form=form,  # type: ignore[arg-type]  # the others are handled above
        rules=Rules(ratings=ratings, keep=keep),
        statuses=tuple(status or ("submitted",)),  # type: ignore[arg-type]  # checked there
        where=tuple(where or ()),
        annotators=annotator or None,
        force=force,
    )
    if as_json:
        print_json(made._asdict() | {"out": str(made.out)})
        return
    causes = ", ".join(f"{count:,} {cause}" for cause, count in made.left_out.items())
    left = f" (left out: {causes})" if causes else ""
    typer.echo(visible(f"{counted(made.rows, 'record')}{left}: {made.out}"))


def import_decisions(
    name: Name,
    path: Annotated[
        Path, typer.Argument(help="Folder or file that the tool wrote, or a copy of the review.")
    ],
    tool: Annotated[
        Origin,
        typer.Option("--from", help="Which tool it is from; simnet for a copy of this review."),
    ],
    annotator: Annotated[
        list[str] | None,
        typer.Option(metavar="ID=NAME", help="Name of a user of the tool; repeatable."),
    ] = None,
    suggestions: Annotated[
        bool, typer.Option("--suggestions", help="Take suggestions as decisions of their agents.")
    ] = False,
    as_json: AsJson = False,
    reviews: Reviews = REVIEWS,
) -> None:
    """Add the decisions that people made in Argilla, Label Studio or a copy of the review."""
    from simnet.review.handoff.handoff import take_back  # noqa: PLC0415  (imports pyarrow)

    names = {}
    for text in annotator or ():
        user, equals, called = text.rpartition("=")
        if not equals:
            raise UsageError(f"--annotator {text}: give ID=NAME")
        names[user] = called
    review = open_review(name, reviews)
    check_there(path)
    added = take_back(review, path, tool, names=names, suggestions=suggestions)
    if as_json:
        print_json({"decisions": added})
        return
    for who, count in added.items():
        typer.echo(visible(f"{who}: {counted(count, 'decision')}"))
    if not added:
        typer.echo("no decision is new")
