"""The records of a review: stable ids, and the Parquet file that holds them.

A record is a row with a text `record_id`. The id is the row's own where it has one, else a hash of
its content, so that the same row has the same id in every review.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from simnet.errors import InputError
from simnet.foundation.text import did_you_mean, storable

ID = "record_id"
"""The column of ids."""
_OWN_IDS = (ID, "id")
"""Columns that are taken for ids where all values are there and differ."""
_TAKEN = ("status",)
"""Names that records may not have, because every export has them with another meaning."""
_DIGITS = 16
_GROUP = 10_000
"""Rows that are read together from the file of a review."""


class Record(NamedTuple):
    """One record of a review."""

    id: str
    """Names the record in the review."""
    fields: dict[str, Any]
    """Values by the names of columns, as they were in the source."""

    def text(self, field: str | None = None) -> str:
        """Return a field as text, or all fields, one a line."""
        if field is not None:
            return as_text(self.fields.get(field))
        return "\n".join(as_text(value) for value in self.fields.values())


def as_text(value: Any) -> str:
    """Write a value as text: none as an empty text, lists and objects as JSON, dates as ISO has."""
    if value is None:
        return ""
    if not isinstance(value, bool | int | float | list | dict):
        return str(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return as_json(value)


def as_json(value: Any) -> str:
    """Write a value as JSON; dates and what else JSON lacks become text."""
    return json.dumps(value, ensure_ascii=False, default=str)


def identified(
    rows: Sequence[Mapping[str, Any]], where: str, id_column: str | None = None
) -> list[Record]:
    """Give each row its id: that of `id_column`, of `record_id` or `id`, or a hash.

    `where` is what messages name. Raises InputError if there is no row, if `id_column` is not there
    or its values are missing or repeated, or if a column has a reserved name.
    """
    if not rows:
        raise InputError(f"{where}: there are no records to review")
    columns = column_names(rows)
    for name in _TAKEN:
        if name in columns:
            raise InputError(
                f"{where}: the records have a column {name!r}, and so has every export of a "
                f"review; leave it out with --without {name}, in Python without=[{name!r}]"
            )
    if id_column is not None and id_column not in columns:
        hint = did_you_mean(id_column, columns) or f"; there are {', '.join(columns)}"
        raise InputError(f"{where}: no column {id_column!r} for the ids{hint}")
    ids = _own_ids(rows, where, id_column) or _hashes(rows)
    return [
        Record(key, {name: _clean(row.get(name)) for name in columns if name != ID})
        for key, row in zip(ids, rows, strict=True)
    ]


def column_names(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """List the columns of rows in the order in which they first come."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _own_ids(
    rows: Sequence[Mapping[str, Any]], where: str, id_column: str | None
) -> list[str] | None:
    for name in (id_column,) if id_column is not None else _OWN_IDS:
        ids = [as_text(row.get(name)).strip() for row in rows]
        if all(ids) and len(set(ids)) == len(ids):
            return [storable(key) for key in ids]
        if id_column is None:
            continue
        if not all(ids):
            raise InputError(f"{where}: row {ids.index('') + 1} has no {id_column!r}")
        key, count = Counter(ids).most_common(1)[0]
        raise InputError(
            f"{where}: {count} rows have the {id_column!r} {key!r}; ids have to differ"
        )
    return None


def _hashes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Hash each row; a repeated row has its number among its equals at the end."""
    ids, seen = [], Counter[str]()
    for row in rows:
        written = json.dumps(row, sort_keys=True, default=str)
        key = hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
        seen[key] += 1
        ids.append(key if seen[key] == 1 else f"{key}-{seen[key]}")
    return ids


def _clean(value: Any) -> Any:
    """Replace what no file can hold: lone surrogates in texts, also within lists and objects."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {storable(str(name)): _clean(one) for name, one in value.items()}
    return value


# -- Parquet --------------------------------------------------------------------------------------


def arrow_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pa.Table:
    """Make a table of rows. A column of mixed or nested kinds that Arrow cannot hold is JSON text.

    Texts of such a column stay as they are.
    """
    return pa.table({name: _column([row.get(name) for row in rows]) for name in columns})


def _column(values: list[Any]) -> pa.Array:
    try:
        array = pa.array(values)
        if array.to_pylist() == values and _storable_type(array.type):
            return array.cast(pa.string()) if pa.types.is_null(array.type) else array
    except (pa.ArrowException, OverflowError, ValueError, TypeError):
        pass  # the values are of several kinds, and become text below
    written = [v if v is None or isinstance(v, str) else as_json(v) for v in values]
    return pa.array(written, pa.string())


def _storable_type(kind: pa.DataType) -> bool:
    """Whether Parquet holds a type: it has no objects without fields."""
    if pa.types.is_struct(kind):
        return kind.num_fields > 0 and all(_storable_type(field.type) for field in kind)
    return _storable_type(kind.value_type) if pa.types.is_list(kind) else True


def parquet_bytes(table: pa.Table, group: int | None = None) -> memoryview:
    """Encode a table as a Parquet file, with `group` rows in a row group or as many as is usual."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=group)
    return memoryview(sink.getvalue())


def write_records(records: Sequence[Record]) -> memoryview:
    """Encode records as a Parquet file, of which any few rows can be read alone."""
    columns = [ID, *column_names(record.fields for record in records)]
    table = arrow_table([{ID: r.id, **r.fields} for r in records], columns)
    return parquet_bytes(table, group=_GROUP)


def plain(value: Any) -> Any:
    """Return a value as JSON has it; dates and what else JSON lacks become text."""
    return json.loads(as_json(value))
