"""Scores replies by ratings that a file has, such as the export of a review."""

import math
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from simnet.datafiles import Broken, rows
from simnet.errors import InputError
from simnet.export.training_sets.reply_scores import Score

_LARGEST = 2**63
"""What the number of a post is below."""


class Ratings(NamedTuple):
    """Ratings of the replies of one run."""

    scores: dict[int, Score]
    mean: float
    """Mean of all ratings of the run."""
    skipped: Counter[str]
    """Rows that were not used, by cause."""


def read_ratings(file: Path, run: str, *, event: str = "event", rating: str = "rating") -> Ratings:
    """Read ratings from a Parquet, JSONL, JSON or CSV file; those of one reply are averaged.

    The column `event` has the post that a reply made (the column `event` of fine-tuning sets and
    of reviews), `rating` a number. Rows without a rating are skipped, and so are rows whose column
    `run` names another run. Raises InputError, with file and row, for anything else, and if no
    rating is left.
    """
    sums: dict[int, list[float]] = {}
    skipped: Counter[str] = Counter()
    for row in rows(file):
        if isinstance(row, Broken):
            raise InputError(f"{file}: {row.place}: {row.why}")
        fields, where = row.fields, f"{file}: {row.place}"
        for column in (event, rating):
            if column not in fields:
                names = ", ".join(fields) or "none"
                raise InputError(f"{where}: there is no column {column!r}; there are {names}")
        if fields.get("run") not in (None, "", run):
            skipped["rated in another run"] += 1
        elif fields[rating] is None or fields[rating] == "":
            skipped["not rated"] += 1
        else:
            post = _whole(fields[event], event, where)
            sums.setdefault(post, []).append(_number(fields[rating], rating, where))
    if not sums:
        causes = ", ".join(f"{count} {cause}" for cause, count in skipped.items())
        raise InputError(f"{file} has no ratings of run {run} ({causes or 'it is empty'})")
    scores = {
        post: Score(sum(found) / len(found), ratings=len(found)) for post, found in sums.items()
    }
    every = [number for found in sums.values() for number in found]
    return Ratings(scores, sum(every) / len(every), skipped)


def _whole(value: Any, column: str, where: str) -> int:
    number = value if isinstance(value, int) else _number(value, column, where)
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        number = int(value)  # exact, also beyond what a float holds
    if isinstance(value, bool) or number != int(number) or not -_LARGEST <= number < _LARGEST:
        raise InputError(f"{where}: {column} is {value!r:.80}; give the number of a post")
    return int(number)


def _number(value: Any, column: str, where: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{where}: {column} is {value!r:.80}, which is no number")
    return number
