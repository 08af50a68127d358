"""Joins `calls` with the prompt texts in `prompt_texts`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from simnet.errors import RecordError
from simnet.recording.schema import PROMPT_TEXTS, arrow_schema, column_of, row_schema, table_named

TableReader: TypeAlias = Callable[[str, Sequence[str] | None], Iterable[pa.Table]]
"""Reads slices of a table by its name, with some columns or all."""


def with_texts(name: str, fields: Sequence[str] | None, read: TableReader) -> pa.RecordBatchReader:
    """Read a table with texts in place of hashes: some fields of its rows, or all.

    The reader raises RecordError when a text is missing.
    """
    schema = row_schema(name)
    if fields is not None:
        schema = pa.schema([schema.field(field) for field in fields])
    slices = read(name, [column_of(name, field) for field in schema.names])
    return pa.RecordBatchReader.from_batches(schema, _joined(name, schema, slices, read))


def _joined(
    name: str, schema: pa.Schema, slices: Iterable[pa.Table], read: TableReader
) -> Iterator[pa.RecordBatch]:
    shared_texts = set(schema.names) & set(table_named(name).shared_texts)
    recorded = read(PROMPT_TEXTS, None) if shared_texts else ()
    texts = pa.concat_tables([arrow_schema(PROMPT_TEXTS).empty_table(), *recorded])
    for rows in slices:
        columns = [
            _looked_up(name, column, texts) if field in shared_texts else column
            for field, column in zip(schema.names, rows.columns, strict=True)
        ]
        yield from pa.table(columns, schema=schema).to_batches()


def find_text(digest: str, slices: Iterable[pa.Table]) -> str:
    """Find the prompt text of a hash. Raises RecordError when it is missing."""
    for rows in slices:
        position = pc.index(rows["hash"], digest).as_py()
        if position >= 0:
            return str(rows["text"][position].as_py())
    raise _missing_text("a prompt", digest)


def _looked_up(name: str, hashes: pa.ChunkedArray, texts: pa.Table) -> pa.ChunkedArray:
    positions = pc.index_in(hashes, texts["hash"])
    if positions.null_count:
        row = positions.is_null().index(True).as_py()
        raise _missing_text(name, hashes[row].as_py())
    return texts["text"].take(positions)


def _missing_text(owner: str, digest: str) -> RecordError:
    return RecordError(
        f"the text {digest} of {owner} is not in {PROMPT_TEXTS}: a segment of it was damaged, or "
        "the folder is incomplete; `simnet verify RUN` lists what is missing"
    )
