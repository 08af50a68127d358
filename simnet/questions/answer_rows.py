"""Rows of the table of answers to a survey, and the file that has them."""

from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from simnet.clock import Seconds
from simnet.questions.answer_files import ANSWER_FIELDS, add_rows, from_json, read_rows
from simnet.questions.question import Value

FOLDER = "surveys"
"""The folder in a run directory that has a folder for each survey."""
ANSWERS = "answers.parquet"


class AnswerRow(NamedTuple):
    """One answer of one persona at one time."""

    survey: str
    """Name of the survey."""
    time: Seconds | None
    """Simulated time at which it was asked; None is after the end of the run."""
    who: str
    """Handle of the persona."""
    cohort: str
    """The persona's cohort."""
    question: str
    """Name of the question, unique in the survey."""
    kind: str
    """Its form: free text, yes or no, choice, multiple choice, likert, number or ranking."""
    text: str
    """What was asked."""
    answer: str | None
    """JSON: a text, a number, true or false, or a list of texts; None is no answer."""
    reason: str | None
    """Why there is no answer."""
    model: str
    """Name of the model that replied."""
    seed: int
    """Seed of the last reply."""
    prompt: str
    """Hash of the prompt of that reply."""
    probabilities: str | None = None
    """How probable the model found each answer that the question allows, as a JSON object whose
    values add up to 1; None if the model does not tell, or the answers cannot be listed."""

    @property
    def at(self) -> Seconds:
        """The time; infinity is after the end of the run."""
        return inf if self.time is None else self.time

    @property
    def value(self) -> Value | None:
        """The answer as a value."""
        return from_json(self.answer)


SCHEMA = pa.schema(
    [
        pa.field("survey", pa.string(), nullable=False),
        ("time", pa.float64()),
        pa.field("who", pa.string(), nullable=False),
        pa.field("cohort", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        *ANSWER_FIELDS,
    ]
)


def add_answers(folder: Path, rows: Sequence[AnswerRow]) -> Path:
    """Write the table of answers, with those of earlier calls to other people or at other times.

    Raises DiskError.
    """
    path = folder / ANSWERS
    add_rows(
        path,
        SCHEMA,
        AnswerRow,
        rows,
        key=lambda row: (row.time, row.who, row.question),
        order=lambda row: row.at,
    )
    return path


def read_answer_rows(path: Path) -> list[AnswerRow]:
    """Read a table of answers; empty if there is none. Raises DiskError."""
    return read_rows(path, SCHEMA, AnswerRow)
