"""Adds and changes rows of a catalogue: all or none, in bounded memory."""

import tempfile
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import IO, Any

import pyarrow as pa

from simnet.embedding import Embedder
from simnet.errors import PersonaError, UsageError
from simnet.personas.catalogue.columns import (
    BASE,
    ORIGIN,
    OWN,
    VECTOR,
    WHOLE,
    base_batch,
    base_row,
    field_of,
    list_column,
    searched_columns,
    text_column,
)
from simnet.personas.catalogue.entries import Added
from simnet.personas.catalogue.finding import (
    EXACT_BELOW,
    index_text,
    index_vectors,
    vector_kind,
    vectors_of,
)
from simnet.personas.catalogue.table_store import TableStore, nulls, one_of
from simnet.personas.persona import Persona
from simnet.personas.source import Source

AT_ONCE = 8_192
"""Personas that are converted together."""
LOOKED_UP = 1_000
"""Personas up to which their ids are looked up one by one instead of reading all ids."""
MOST_FIELDS = 1_000
"""Most attributes with a name of their own that a catalogue has columns for."""
INDEXED_FROM = 10_000
"""Rows outside the indexes from which on they are brought in; fewer are read as they are."""
MOST_FILES = 100
"""Small files of rows beyond which they are joined."""


def add_personas(
    store: TableStore,
    personas: Iterable[Persona],
    source: Source,
    embedder: Embedder,
    change: str = "add",
) -> Added:
    """Add personas that are not there yet; see `Catalogue.add`.

    They are checked while they are written to a temporary file, which bounds memory; then one
    commit of the table adds them, so that a crash leaves them all out.
    """
    with store.locked(), tempfile.TemporaryFile(dir=store.folder) as spool:
        checker = _Checker(store)
        fields = _spooled(spool, checker, personas, source)
        if checker.new:
            table = store.make(embedder.name)
            _add_columns(table, fields, embedder)
            table.add(_Rows(spool, table.schema, embedder).reader())
            _bring_up_to_date(store)
            store.tag(change)
    return Added(checker.new, checker.known)


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
        index_text(store, WHOLE)
        index_vectors(store, VECTOR)


class _Checker:
    """Tells new personas from known ones."""

    def __init__(self, store: TableStore) -> None:
        self.new = 0
        self.known = 0
        self._folder = store.folder
        self._table = store.table()
        self._digests: dict[str, int] = {}
        self._has_all = self._table is None or not self._table.count_rows()
        self.position = 0 if self._has_all else _last_position(self._table) + 1

    def fresh(self, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Return the new rows. Raises PersonaError for another persona under a known id."""
        self._look_up([row[1] for row in rows])
        fresh = []
        for row in rows:
            digest, key = row[:2]
            before = self._digests.get(key)
            if before is None:
                self._digests[key] = digest
                fresh.append(row)
            elif before != digest:
                raise PersonaError(
                    f"{key!r} is somebody else in {self._folder} already; rename one of "
                    "them or use another folder; nothing was added"
                )
        self.new += len(fresh)
        self.known += len(rows) - len(fresh)
        return fresh

    def _look_up(self, keys: Sequence[str]) -> None:
        """Read the checksums of known personas."""
        if self._has_all:
            return
        search = self._table.search()
        if len(keys) <= LOOKED_UP:
            search = search.where(one_of("id", keys))
        else:
            self._has_all = True
        found = search.select(["id", "digest"]).to_arrow()
        self._digests |= zip(found["id"].to_pylist(), found["digest"].to_pylist(), strict=True)


def _last_position(table: Any) -> int:
    found = table.search().select(["position"]).to_arrow()["position"]
    return int(max(found.to_numpy(), default=-1))


def _spooled(
    spool: IO[bytes], checker: _Checker, personas: Iterable[Persona], source: Source
) -> "_Fields":
    """Write the rows of new personas to a file, and return the attributes they have."""
    fields = _Fields()
    everyone = iter(personas)
    with pa.ipc.new_stream(pa.PythonFile(spool, "w"), BASE) as writer:
        while block := list(islice(everyone, AT_ONCE)):
            first = checker.position + checker.new
            rows = checker.fresh([base_row(one, source) for one in block])
            for one in block:
                fields.note(one.attributes)
            writer.write_batch(base_batch(rows, range(first, first + len(rows))))
    return fields


class _Fields:
    """The columns of text and of lists that some personas need."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.lists: dict[str, None] = {}

    def note(self, attributes: dict[str, Any]) -> None:
        for name, value in attributes.items():
            self.names[name] = None
            if isinstance(value, list):
                self.lists[name] = None
        if len(self.names) > MOST_FIELDS:
            raise PersonaError(
                f"the personas have more than {MOST_FIELDS:,} different attributes, for which a "
                "catalogue has no columns; join those that belong together; nothing was added"
            )


def _add_columns(table: Any, fields: _Fields, embedder: Embedder) -> None:
    """Add the columns that the table does not have yet; its rows stay as they are."""
    there = set(table.schema.names)
    copied = {
        text_column(name): OWN[name]
        for name in fields.names
        if name in OWN and text_column(name) not in there
    }
    wanted = {WHOLE: pa.string(), VECTOR: vector_kind(embedder)}
    wanted |= {text_column(name): pa.string() for name in fields.names if name not in OWN}
    wanted |= {list_column(name): pa.list_(pa.string()) for name in fields.lists}
    missing = {name: kind for name, kind in wanted.items() if name not in there}
    if copied:
        table.add_columns(copied)
    if missing:
        table.add_columns(nulls(list(missing), list(missing.values())))


class _Rows:
    """Whole rows, with text and vectors, of rows of BASE in a file."""

    def __init__(self, spool: IO[bytes], schema: pa.Schema, embedder: Embedder) -> None:
        self._spool = spool
        self._schema = schema
        self._embedder = embedder

    def reader(self) -> pa.RecordBatchReader:
        """Return a stream of them."""
        self._spool.seek(0)
        batches = pa.ipc.open_stream(pa.PythonFile(self._spool, "r"))
        made = (whole_batch(one, self._schema, self._embedder) for one in batches if len(one))
        return pa.RecordBatchReader.from_batches(self._schema, made)


def whole_batch(batch: pa.RecordBatch, schema: pa.Schema, embedder: Embedder) -> pa.RecordBatch:
    """Add the columns of text, lists and vectors in a table's schema to a batch of BASE."""
    columns = {name: batch[name] for name in BASE.names}
    columns |= searched_columns(batch, schema.names)
    for name in schema.names:
        if name == VECTOR:
            columns[name] = vectors_of(batch["description"].to_pylist(), embedder)
        elif name.startswith("v_"):
            columns[name] = vectors_of(_texts_of(field_of(name), columns), embedder)
    arrays = [
        columns[field.name] if field.name in columns else pa.nulls(len(batch), field.type)
        for field in schema
    ]
    return pa.record_batch(arrays, schema=schema)


def _texts_of(field: str, columns: dict[str, Any]) -> list[str | None]:
    name = text_column(field)
    texts: list[str | None] = columns[name if name in columns else OWN[field]].to_pylist()
    return texts


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
        if twice := {key for key in keys if keys.count(key) > 1} if len(keys) < AT_ONCE else set():
            raise UsageError(f"persona {min(twice)!r} is given twice; nothing was changed")
        changed, positions = [], []
        fields = _Fields()
        for one in personas:
            before = old[one.id]
            kept = source or Source(*(before[name] for name in ORIGIN))
            row = base_row(one, kept)
            same = (before["digest"], before["untold"], *(before[name] for name in ORIGIN))
            if (row[0], *row[4:]) != same:
                changed.append(row)
                positions.append(before["position"])
                fields.note(one.attributes)
        if changed:
            _add_columns(table, fields, embedder)
            rows = whole_batch(base_batch(changed, positions), table.schema, embedder)
            table.merge_insert("id").when_matched_update_all().execute(
                pa.Table.from_batches([rows])
            )
            _bring_up_to_date(store)
            store.tag("update")
    return len(changed)


def remove_personas(store: TableStore, condition: str) -> int:
    """Remove the personas that fit a condition of SQL; return how many."""
    with store.locked():
        table = store.table()
        removed = int(table.delete(condition).num_deleted_rows)
        if removed:
            store.tag("remove")
    return removed
