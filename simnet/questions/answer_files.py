"""Tables of answers: Parquet files that are replaced as a whole when answers are added."""

import json
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from simnet.foundation.disk import Disk, disk_errors, write_atomically
from simnet.questions.question import Value

R = TypeVar("R", bound=NamedTuple)

ANSWER_FIELDS = (
    pa.field("answer", pa.string()),
    pa.field("reason", pa.string()),
    pa.field("model", pa.string(), nullable=False),
    pa.field("seed", pa.int64(), nullable=False),
    pa.field("prompt", pa.string(), nullable=False),
    pa.field("probabilities", pa.string()),
)
"""The last columns of every table of answers: the answer as JSON, or why there is none, the model,
the seed of the last reply, the hash of its prompt, and how probable the model found each answer, as
JSON, if it told."""


def as_json(value: Value | None) -> str | None:
    """Write an answer as the column `answer` has it."""
    return None if value is None else json.dumps(value, ensure_ascii=False)


def from_json(text: str | None) -> Value | None:
    """Read an answer of the column `answer`."""
    return None if text is None else json.loads(text)


def read_rows(path: Path, schema: pa.Schema, row: Callable[..., R]) -> list[R]:
    """Read a table; empty if there is none. Raises DiskError."""
    if not path.is_file():
        return []
    with disk_errors(f"reading {path}"):
        return [row(**values) for values in pq.read_table(path, schema=schema).to_pylist()]


def add_rows(
    path: Path,
    schema: pa.Schema,
    row: Callable[..., R],
    rows: Sequence[R],
    *,
    key: Callable[[R], Hashable],
    order: Callable[[R], Any],
) -> None:
    """Write a table with `rows` in place of earlier ones of the same key. Raises DiskError.

    The whole is sorted by `order`, which leaves rows that are equal by it as they are.
    """
    fresh = {key(one) for one in rows}
    earlier = [one for one in read_rows(path, schema, row) if key(one) not in fresh]
    columns = zip(*sorted([*earlier, *rows], key=order), strict=True)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), sink, compression="zstd")
    with disk_errors(f"writing {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(Disk(), path, memoryview(sink.getvalue()))
