"""Options of `simnet export dpo` and `simnet export kto`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from simnet.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class ScoringFlags:
    """The options that say how replies are compared."""

    ratings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Compare by ratings: a Parquet, JSONL, JSON, CSV file."),
    ] = None
    event_column: Annotated[
        str, typer.Option(metavar="NAME", help="Column of the file with the reply's event.")
    ] = "event"
    rating_column: Annotated[
        str, typer.Option(metavar="NAME", help="Column of the file with the rating.")
    ] = "rating"
    weigh: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=NUMBER",
            help="What like, dislike, love, laugh, angry, sad, repost, quote or reply counts; "
            "repeatable. By default like, love, laugh, repost and quote count 1.",
        ),
    ] = None
    min_exposures: Annotated[
        int, typer.Option(min=1, metavar="N", help="How often a reply has to be shown to others.")
    ] = 5
    margin: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            metavar="X",
            help="Smallest difference; by default 0.05 of engagement per exposure, 1 of ratings.",
        ),
    ] = None
    comparable: Annotated[
        Literal["cohort", "anyone"],
        typer.Option(help="Whose replies to one post are compared."),
    ] = "cohort"

    def read(self) -> dict[str, Any]:
        """Return them as arguments of an export. Raises UsageError."""
        values: dict[str, Any] = {
            "ratings": self.ratings,
            "event_column": self.event_column,
            "rating_column": self.rating_column,
            "min_exposures": self.min_exposures,
            "margin": self.margin,
            "comparable": self.comparable,
        }
        if self.weigh:
            from simnet.export.training_sets.reply_scores import WEIGHTS  # noqa: PLC0415  (imports pyarrow)

            values["weights"] = {**WEIGHTS, **_weights(self.weigh)}
        return values


def _weights(texts: Sequence[str]) -> dict[str, float]:
    found = {}
    for text in texts:
        name, equals, number = text.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            equals = ""
        if not equals or not name:
            raise UsageError(f"--weigh {text}: give NAME=NUMBER, such as like=1")
    return found
