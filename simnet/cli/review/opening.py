"""Options and printing that the commands of `simnet review` share."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simnet.errors import UsageError
from simnet.foundation.text import cut, terminal_safe, visible

if TYPE_CHECKING:
    from simnet.review import Question, Record, Review

_MOST_SHOWN = 1_000
"""Most characters of a text in a list on a terminal."""
REVIEWS = Path("reviews")
"""Where reviews are unless `--reviews` names another folder."""

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A review in the folder of reviews, or its path.")
]
Reviews = Annotated[Path, typer.Option("--reviews", metavar="DIR", help="Where the reviews are.")]
Annotator = Annotated[str, typer.Option("--as", metavar="ANNOTATOR", help="Who decides.")]
Words = Annotated[
    str | None, typer.Option("--search", metavar="WORDS", help="Only records with all these words.")
]
Field = Annotated[str | None, typer.Option(help="Column to search; all if left out.")]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help='Filter such as "likes>=3 and not topic=tools"; repeatable.',
    ),
]
Who = Annotated[
    list[str] | None,
    typer.Option("--annotator", help="Count these annotators only; repeatable."),
]


def folder_of(name: str, root: Path) -> Path:
    """Return the folder of a review: `name` is in `root` unless it is a path."""
    from simnet.review.review_folder import SETTINGS  # noqa: PLC0415  (imports pyarrow)

    is_path = "/" in name or name.startswith("~") or (Path(name) / SETTINGS).is_file()
    return Path(name).expanduser() if is_path else root / name


def open_review(name: str, root: Path) -> "Review":
    """Open a review by its name or path. Raises UsageError if there is none."""
    from simnet.review import Review  # noqa: PLC0415  (imports pyarrow)

    if not name.strip() or name in {".", ".."}:
        raise UsageError(f"{name!r} is no name of a review")
    return Review.open(folder_of(name, root))


def brief(text: str) -> str:
    """Cut a text that would fill a terminal; elsewhere it stays whole."""
    return cut(text, _MOST_SHOWN) if sys.stdout.isatty() else text


def listed_text(record: "Record", field: str | None = None) -> str:
    """Return the text of a record in a list that has its id beside it."""
    if field is not None:
        return record.text(field)
    fields = {name: value for name, value in record.fields.items() if value != record.id}
    return record._replace(fields=fields).text()


def print_record(record: "Record") -> None:
    """Print the fields of a record, one below another; escapes stay visible."""
    fields = {name: value for name, value in record.fields.items() if value != record.id}
    for name, value in {"record": record.id, **fields}.items():
        text = _text(value)
        if text:
            sys.stdout.write(f"{visible(name)}: {terminal_safe(text)}\n")


def print_questions(questions: "tuple[Question, ...]") -> None:
    """Print what is asked, and which answers are allowed."""
    for question in questions:
        need = "" if question.required else ", optional"
        sys.stdout.write(
            f"? {visible(question.name)} ({question.kind}{need}): {_allowed(question)}\n"
        )


def _allowed(question: "Question") -> str:
    if question.kind == "rating":
        return f"{question.ratings[0]} to {question.ratings[-1]}"
    if question.kind == "correction":
        return f"the text that {visible(str(question.field))} should have"
    if question.kind == "comment":
        return "a text"
    return ", ".join(map(visible, question.labels))


def _text(value: Any) -> str:
    from simnet.review.records.record_table import as_text  # noqa: PLC0415  (imports pyarrow)

    return as_text(value)
