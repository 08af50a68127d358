"""Calls with the texts of their prompts, put together again from `calls` and `parts`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from simnet.errors import RecordError
from simnet.recording.schema import PROMPT_TEXTS, arrow_schema, column_of, row_schema, table_named

Read: TypeAlias = Callable[[str, Sequence[str] | None], Iterable[pa.Table]]
"""Reads slices of a table by its name, with some columns or all."""


def with_texts(name: str, fields: Sequence[str] | None, read: Read) -> pa.RecordBatchReader:
    """Read a table with texts in place of the hashes: fields of its rows, or all of them.

    The reader raises RecordError when a part is not there.
    """
    schema = row_schema(name)
    if fields is not None:
        schema = pa.schema([schema.field(field) for field in fields])
    slices = read(name, [column_of(name, field) for field in schema.names])
    return pa.RecordBatchReader.from_batches(schema, _joined(name, schema, slices, read))


def _joined(
    name: str, schema: pa.Schema, slices: Iterable[pa.Table], read: Read
) -> Iterator[pa.RecordBatch]:
    parted = set(schema.names) & set(table_named(name).parted)
    there = read(PROMPT_TEXTS, None) if parted else ()
    parts = pa.concat_tables([arrow_schema(PROMPT_TEXTS).empty_table(), *there])
    for rows in slices:
        columns = [
            _texts(name, column, parts) if field in parted else column
            for field, column in zip(schema.names, rows.columns, strict=True)
        ]
        yield from pa.table(columns, schema=schema).to_batches()


def text_named(part: str, slices: Iterable[pa.Table]) -> str:
    """Find the text of a part. Raises RecordError when it is not there."""
    for rows in slices:
        found = pc.index(rows["hash"], part).as_py()
        if found >= 0:
            return str(rows["text"][found].as_py())
    raise _gone("a prompt", part)


def _texts(name: str, hashes: pa.ChunkedArray, parts: pa.Table) -> pa.ChunkedArray:
    places = pc.index_in(hashes, parts["hash"])
    if places.null_count:
        row = places.is_null().index(True).as_py()
        raise _gone(name, hashes[row].as_py())
    return parts["text"].take(places)


def _gone(what: str, part: str) -> RecordError:
    return RecordError(
        f"the text {part} of {what} is not in {PROMPT_TEXTS}: a segment of it was damaged, or the "
        "folder is incomplete; `simnet verify RUN` lists what is missing"
    )
