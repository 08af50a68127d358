"""Search by words and by vectors in the table of a catalogue, and the indexes for both."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa

from simnet.embedding import Embedder
from simnet.errors import UsageError
from simnet.foundation.text import did_you_mean
from simnet.personas.catalogue.columns import (
    OWN,
    STORED,
    VECTOR,
    WHOLE,
    attribute_fields,
    entries_of,
    text_column,
    vector_column,
)
from simnet.personas.catalogue.entries import Entry
from simnet.personas.catalogue.table_store import TableStore, nulls, quoted
from simnet.personas.catalogue.text_query import TextQuery, begins_with

EXACT_BELOW = 100_000
"""Rows from which on vectors are compared through an index; below, all are compared."""
LOOKED_AT = 0.25
"""Share of the index's partitions that a query looks at; the more, the higher the recall."""
_ROWS_AT_ONCE = 16_384


def all_fields(table: Any) -> list[str]:
    """List the fields that can be searched."""
    return sorted({*attribute_fields(table.schema.names), *OWN})


def searched_column(table: Any, field: str | None, folder: object) -> str:
    """Return the column with the text of a field, or of all. Raises UsageError if there is none."""
    if field is None:
        return WHOLE
    if text_column(field) in table.schema.names:
        return text_column(field)
    if field in OWN:
        return OWN[field]
    known = all_fields(table)
    hint = did_you_mean(field, known) or f"; there are {', '.join(known)}"
    raise UsageError(f"no persona in {folder} has a field {field!r}{hint}")


def matching(
    store: TableStore,
    column: str,
    query: TextQuery,
    condition: str | None,
    limit: int | None,
    columns: Sequence[str],
) -> pa.Table:
    """Return columns of the personas that have all that is asked for in a column, best first.

    Best is the highest BM25 score; equal ones, and those found by beginnings alone, are in the
    order of the catalogue.
    """
    conditions = [f"regexp_like({column}, {quoted(begins_with(one))})" for one in query.beginnings]
    where = " AND ".join(filter(None, [condition, *conditions]))
    search = store.table().search(*_full_text(store, column, query))
    if where:
        search = search.where(where, prefilter=True)
    scored = bool(query.words or query.phrases)
    extra = ["position", "_score"] if scored else ["position"]
    most = store.table().count_rows() if limit is None or not scored else limit
    found = search.limit(max(most, 1)).select([*columns, *extra]).to_arrow()
    order = [("_score", "descending")] if scored else []
    return found.sort_by([*order, ("position", "ascending")])[:limit]


def _full_text(store: TableStore, column: str, query: TextQuery) -> list[Any]:
    """Return the full-text query of words and phrases; nothing if there are none."""
    if not query.words and not query.phrases:
        return []
    from lancedb.query import BooleanQuery, MatchQuery, Occur, PhraseQuery  # noqa: PLC0415

    index_text(store, column)
    parts: list[Any] = [PhraseQuery(phrase, column) for phrase in query.phrases]
    if query.words:
        parts.append(MatchQuery(" ".join(query.words), column, operator="AND"))
    return [parts[0] if len(parts) == 1 else BooleanQuery([(Occur.MUST, one) for one in parts])]


def indexed(table: Any, column: str) -> bool:
    """Return whether there is an index on a column."""
    return any(index.columns == [column] for index in table.list_indices())


def index_text(store: TableStore, column: str) -> None:
    """Make the full-text index of a column if there is none: English stems, any script's words."""
    if indexed(store.table(), column):
        return
    if store.version is not None:
        raise UsageError(
            f"version {store.version} of {store.folder} was never searched in this field and has "
            "no index for it; restore that version first"
        )
    with store.locked():
        if not indexed(store.table(), column):
            _index_text(store.table(), column)


def index_vectors(store: TableStore, column: str) -> None:
    """Make the index of a column of vectors if there is none and the rows are many."""
    table = store.table()
    if store.version is not None or table.count_rows() < EXACT_BELOW or indexed(table, column):
        return
    with store.locked():
        _index_vectors(table, column)


def index_all(store: TableStore) -> None:
    """Make the indexes of the text of all fields and of the vectors that are missing, at once.

    The store has to be locked. Each index is made through a table of its own, as a table does one
    thing at a time.
    """
    missing = [
        (make, column)
        for make, column in ((_index_text, WHOLE), (_index_vectors, VECTOR))
        if not indexed(store.table(), column)
    ]
    with ThreadPoolExecutor(2) as pool:
        tasks = [
            pool.submit(make, TableStore(store.folder).table(), name) for make, name in missing
        ]
        for task in tasks:
            task.result()


def _index_text(table: Any, column: str) -> None:
    from lancedb.index import FTS  # noqa: PLC0415

    config = FTS(with_position=True, base_tokenizer="icu", remove_stop_words=False)
    table.create_index(column, config=config)


def _index_vectors(table: Any, column: str) -> None:
    from lancedb.index import IvfSq  # noqa: PLC0415

    config = IvfSq(distance_type="l2", num_partitions=_partitions(table), sample_rate=64)
    table.create_index(column, config=config)


def _partitions(table: Any) -> int:
    """Return into how many parts vectors are put; the time to make them grows with its square."""
    return max(1, int(table.count_rows() ** 0.5) // 4)


def nearest(
    store: TableStore, column: str, vector: Any, condition: str | None, limit: int
) -> list[tuple[Entry, float]]:
    """List the entries whose vectors are nearest to a unit vector, with the cosine, best first."""
    table = store.table()
    search = table.search(np.asarray(vector, np.float32), vector_column_name=column)
    if indexed(table, column):
        probed = max(20, int(_partitions(table) * LOOKED_AT))
        search = search.nprobes(probed).refine_factor(4)
    if condition:
        search = search.where(condition, prefilter=True)
    found = search.limit(limit).select([*STORED, "position", "_distance"]).to_arrow()
    found = found.sort_by([("_distance", "ascending"), ("position", "ascending")])
    cosines = [min(1.0, 1 - distance / 2) for distance in found["_distance"].to_pylist()]
    pairs = zip(entries_of(found), cosines, strict=True)
    return [(entry, cosine) for entry, cosine in pairs if cosine > 0]


def vectors_of(texts: Sequence[str | None], embedder: Embedder) -> pa.Array:
    """Return the vectors of texts, null for one without."""
    return _vector_array(embedder.encode([text or "" for text in texts]))


def unit_vectors(vectors: Any) -> pa.Array:
    """Return vectors, an array of shape (n, d), at length 1; null for one of zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return _vector_array(np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0))


def _vector_array(vectors: Any) -> pa.Array:
    empty = ~vectors.any(axis=1)
    values = pa.array(vectors.reshape(-1))
    return pa.FixedSizeListArray.from_arrays(values, vectors.shape[1], mask=pa.array(empty))


def matrix_of(column: pa.ChunkedArray) -> Any:
    """Return vectors as an array of shape (n, d), with zeros for null."""
    whole = column.combine_chunks()
    size = whole.type.list_size
    matrix = np.zeros((len(whole), size), np.float32)
    there = np.asarray(whole.is_valid())
    matrix[there] = whole.drop_null().flatten().to_numpy().reshape(-1, size)
    return matrix


def vector_kind(embedder: Embedder) -> pa.DataType:
    """Return the type of a column of vectors."""
    return pa.list_(pa.float32(), embedder.dimensions)


def compared_column(store: TableStore, field: str | None, embedder: Callable[[], Embedder]) -> str:
    """Return the column with the vectors of a field, which are made if there are none yet."""
    table = store.table()
    source = searched_column(table, field, store.folder) if field else OWN["persona"]
    column = VECTOR if source == OWN["persona"] else vector_column(field or "")
    if column not in table.schema.names:
        if store.version is not None:
            raise UsageError(
                f"version {store.version} of {store.folder} has no vectors of {field!r}; restore "
                "that version first"
            )
        with store.locked():
            if column not in table.schema.names:
                _add_vectors(store, source, column, embedder())
    return column


def _add_vectors(store: TableStore, source: str, column: str, embedder: Embedder) -> None:
    """Fill a column under another name and rename it, so that a crash leaves none half full."""
    table, filled = store.table(), f"new_{column}"
    if filled in table.schema.names:
        table.drop_columns([filled])
    table.add_columns(nulls([filled], [vector_kind(embedder)]))
    schema = pa.schema([("id", pa.string()), (filled, vector_kind(embedder))])
    found = table.search().where(f"{source} IS NOT NULL").select(["id", source]).to_arrow()
    batches = (
        pa.record_batch(
            [block["id"], vectors_of(block[source].to_pylist(), embedder)], schema=schema
        )
        for block in found.to_batches(max_chunksize=_ROWS_AT_ONCE)
    )
    made = pa.RecordBatchReader.from_batches(schema, batches)
    table.merge_insert("id").when_matched_update_all().execute(made, on_bad_vectors="null")
    table.alter_columns({"path": filled, "rename": column})
