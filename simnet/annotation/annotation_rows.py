"""The table of annotations, in a folder of its own inside the run directory or anywhere else."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from simnet.errors import UsageError
from simnet.export.interchange.annotation_table import ANNOTATIONS, FOLDER
from simnet.questions.answer_files import ANSWER_FIELDS, add_rows, from_json, read_rows
from simnet.questions.question import Value

REPLIES = "replies"
__all__ = [
    "ANNOTATIONS",
    "FOLDER",
    "REPLIES",
    "SCHEMA",
    "AnnotationRow",
    "add_annotations",
    "read_annotations",
]


class AnnotationRow(NamedTuple):
    """One judgement."""

    annotation: str
    """Name of the annotation."""
    item: str
    """The key of the item: the number of a post of the run, of the first post of a thread, of a row
    of the file or of a comment of the logs, from 0, or the text that the caller gave."""
    annotator: str
    """Name of the annotator."""
    question: str
    """Name of the question, unique in the annotation."""
    kind: str
    """Its form: free text, yes or no, choice, multiple choice, likert, number or ranking."""
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
    def value(self) -> Value | None:
        """The answer as a value."""
        return from_json(self.answer)


SCHEMA = pa.schema(
    [
        pa.field("annotation", pa.string(), nullable=False),
        pa.field("item", pa.string(), nullable=False),
        pa.field("annotator", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        *ANSWER_FIELDS,
    ]
)


def add_annotations(folder: Path, rows: Sequence[AnnotationRow]) -> Path:
    """Write the table, with annotations of earlier calls by others or of other items.

    Raises DiskError.
    """
    path = folder / ANNOTATIONS
    add_rows(
        path,
        SCHEMA,
        AnnotationRow,
        rows,
        key=lambda row: (row.item, row.annotator, row.question),
        order=lambda row: _place(row.item),
    )
    return path


def _place(item: str) -> tuple[bool, int, str]:
    """Say where an item comes in the table: numbers in their order, then other keys by letters."""
    try:
        return False, int(item), ""
    except ValueError:
        return True, 0, item


def read_annotations(folder: Path) -> list[AnnotationRow]:
    """Read the table in a folder. Raises UsageError if there is none."""
    path = folder / ANNOTATIONS
    if not path.is_file():
        raise UsageError(f"{folder} holds no annotations; make them with `simnet annotate`")
    return read_rows(path, SCHEMA, AnnotationRow)
