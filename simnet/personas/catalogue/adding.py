"""Adds and changes rows of a catalogue: all or none, in bounded memory."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import IO, Any

import numpy as np
import pyarrow as pa

from simnet.embedding import Embedder
from simnet.errors import PersonaError, UsageError
from simnet.personas.catalogue.columns import (
    BASE,
    OWN_TEXT,
    VECTOR,
    attribute_fields,
    base_row,
    batch_of,
    field_of,
    text_column,
)
from simnet.personas.catalogue.entries import Added, Conflict
from simnet.personas.catalogue.finding import (
    EXACT_BELOW,
    index_all,
    unit_vectors,
    vector_kind,
    vectors_of,
)
from simnet.personas.catalogue.known_personas import KnownPersonas
from simnet.personas.catalogue.table_store import TableStore, nulls, one_of
from simnet.personas.persona import Persona
from simnet.personas.source import ORIGIN, Source

AT_ONCE = 8_192
"""Personas that are converted together."""
MOST_FIELDS = 1_000
"""Most attributes with a name of their own that a catalogue has columns for."""
INDEXED_FROM = 10_000
"""Rows outside the indexes from which on they are brought in; fewer are read as they are."""
_NO_FIELDS = {*BASE.names, VECTOR}
MOST_FILES = 100
"""Small files of rows beyond which they are joined."""


def add_personas(
    store: TableStore,
    personas: Iterable[Persona],
    source: Source,
    embedder: Embedder,
    change: str = "add",
    on_conflict: Conflict = "error",
) -> Added:
    """Add personas that are not there yet; see `Catalogue.add`.

    They are checked while they are written to a temporary file, which bounds memory; then one
    commit of the table adds them, so that a crash leaves them all out.
    """
    with store.locked(), tempfile.TemporaryFile(dir=store.folder) as spool:
        known = KnownPersonas(store, on_conflict)
        fields = _spooled(spool, known, personas, source)
        added = Added(**{name: known.counts[name] for name in Added._fields})
        if added.new or added.replaced:
            table = store.make(embedder.name)
            _add_columns(table, fields, embedder)
            rows = _Rows(spool, table.schema, embedder).reader()
            if added.replaced:
                _put(table, rows)
            else:
                table.add(rows)
            store.tag(change)
            _bring_up_to_date(store)
            store.renew_tag()
    return added


def _put(table: Any, rows: pa.RecordBatchReader | pa.Table) -> None:
    """Replace the rows with the ids of these, and add those that are new, in one commit.

    Without a text there is no vector, which LanceDB takes for a fault by default.
    """
    put = table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
    put.execute(rows, on_bad_vectors="null")


def _bring_up_to_date(store: TableStore) -> None:
    """Bring many new rows into the indexes, and make the indexes of a large catalogue."""
    table = store.table()
    unindexed = max((index.num_unindexed_rows for index in table.list_indices()), default=0)
    if (
        unindexed >= INDEXED_FROM
        or table.stats()["fragment_stats"]["num_small_fragments"] > MOST_FILES
    ):
        store.optimise()
    if table.count_rows() >= EXACT_BELOW:
        index_all(store)


def _spooled(
    spool: IO[bytes], known: KnownPersonas, personas: Iterable[Persona], source: Source
) -> "_Fields":
    """Write the rows of personas that are taken to a file, and return the attributes they have."""
    fields = _Fields()
    everyone = iter(personas)
    sink = pa.PythonFile(spool, "w")
    while block := list(islice(everyone, AT_ONCE)):
        rows = [base_row(one, source) for one in block]
        taken = known.taken(rows)
        people = [block[place] for place in taken]
        attributes = [one.attributes for one in people]
        batch = batch_of([rows[place] for place in taken], attributes, taken.values())
        batch = _with_vectors(batch, people)
        fields.note(batch.schema)
        with pa.ipc.new_stream(sink, batch.schema) as writer:  # each block has its own columns
            writer.write_batch(batch)
    return fields


def _with_vectors(batch: pa.RecordBatch, people: Sequence[Persona]) -> pa.RecordBatch:
    """Add the vectors that all of some personas have; else return the batch as it is."""
    vectors = [getattr(one, "vector", None) for one in people]
    if not vectors or not all(vectors):
        return batch
    return batch.append_column(VECTOR, unit_vectors(np.asarray(vectors, np.float32)))


class _Fields:
    """The columns of text and of lists that some personas need."""

    def __init__(self) -> None:
        self.columns: dict[str, pa.DataType] = {}

    def note(self, schema: pa.Schema) -> None:
        """Note the columns of a batch. Raises PersonaError if there are too many in all."""
        self.columns |= {one.name: one.type for one in schema if one.name not in _NO_FIELDS}
        if len(attribute_fields(self.columns)) > MOST_FIELDS:
            raise PersonaError(
                f"the personas have more than {MOST_FIELDS:,} different attributes, for which a "
                "catalogue has no columns; join those that belong together; nothing was added"
            )


def _add_columns(table: Any, fields: _Fields, embedder: Embedder) -> None:
    """Add the columns that the table does not have yet; its rows stay as they are."""
    there = set(table.schema.names)
    wanted = {**fields.columns, VECTOR: vector_kind(embedder)}
    missing = {name: kind for name, kind in wanted.items() if name not in there}
    copied = {name: missing.pop(name) and own for name, own in OWN_TEXT.items() if name in missing}
    if copied:
        table.add_columns(copied)
    if missing:
        table.add_columns(nulls(list(missing), list(missing.values())))


class _Rows:
    """Whole rows, with vectors, of the blocks in a file."""

    def __init__(self, spool: IO[bytes], schema: pa.Schema, embedder: Embedder) -> None:
        self._spool = spool
        self._schema = schema
        self._embedder = embedder

    def reader(self) -> pa.RecordBatchReader:
        """Return a stream of them."""
        made = (whole_batch(one, self._schema, self._embedder) for one in self._blocks())
        return pa.RecordBatchReader.from_batches(self._schema, made)

    def _blocks(self) -> Iterator[pa.RecordBatch]:
        end = self._spool.tell()
        self._spool.seek(0)
        file = pa.PythonFile(self._spool, "r")
        while self._spool.tell() < end:
            yield from (batch for batch in pa.ipc.open_stream(file) if len(batch))


def whole_batch(batch: pa.RecordBatch, schema: pa.Schema, embedder: Embedder) -> pa.RecordBatch:
    """Add to a batch the columns of a table's schema that it lacks: vectors, and empty ones."""
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    columns |= {
        name: columns[own]
        for name, own in OWN_TEXT.items()
        if name in schema.names and name not in columns
    }
    for field in schema:
        if field.name in columns:
            continue
        if field.name == VECTOR:
            columns[VECTOR] = vectors_of(batch["description"].to_pylist(), embedder)
        elif field.name.startswith("v_"):
            own = text_column(field_of(field.name))
            texts = columns[own].to_pylist() if own in columns else [None] * len(batch)
            columns[field.name] = vectors_of(texts, embedder)
        else:
            columns[field.name] = pa.nulls(len(batch), field.type)
    return pa.record_batch([columns[name] for name in schema.names], schema=schema)


def update_personas(
    store: TableStore, personas: Sequence[Persona], source: Source | None, embedder: Embedder
) -> int:
    """Replace personas of known ids; return how many have changed. See `Catalogue.update`."""
    with store.locked():
        table = store.table()
        keys = [one.id for one in personas]
        columns = ["id", "position", "digest", "untold", *ORIGIN]
        search = table.search().where(one_of("id", keys)) if keys else table.search().limit(0)
        old = {row["id"]: row for row in search.select(columns).to_arrow().to_pylist()}
        if missing := [key for key in keys if key not in old]:
            raise UsageError(
                f"no persona {missing[0]!r} in {store.folder}, so it cannot be updated; "
                "nothing was changed"
            )
        if twice := [key for key, times in Counter(keys).items() if times > 1]:
            raise UsageError(f"persona {min(twice)!r} is given twice; nothing was changed")
        changed, attributes, positions = [], [], []
        for one in personas:
            before = old[one.id]
            kept = source or Source(*(before[name] for name in ORIGIN))
            row = base_row(one, kept)
            same = (before["digest"], tuple(before["untold"]), *(before[name] for name in ORIGIN))
            if (row[0], *row[4:]) != same:
                changed.append(row)
                attributes.append(one.attributes)
                positions.append(before["position"])
        if changed:
            batch, fields = batch_of(changed, attributes, positions), _Fields()
            fields.note(batch.schema)
            _add_columns(table, fields, embedder)
            rows = whole_batch(batch, table.schema, embedder)
            _put(table, pa.Table.from_batches([rows]))
            store.tag("update")
            _bring_up_to_date(store)
            store.renew_tag()
    return len(changed)


def remove_personas(store: TableStore, condition: str) -> int:
    """Remove the personas that fit a condition of SQL; return how many."""
    with store.locked():
        table = store.table()
        removed = int(table.delete(condition).num_deleted_rows)
        if removed:
            store.tag("remove")
    return removed
