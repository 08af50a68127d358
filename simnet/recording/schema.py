"""The tables of a record. Their columns are the fields of the rows, declared once.

A row type is a NamedTuple; its annotations give the Arrow types (`str | None` is a
nullable string, `tuple[int, ...]` a list of int64) and the strings below its fields are
the columns' documentation. A text that many rows repeat is a part: on the way to the
recorder it is in each row, in the table the row has its hash and `parts` the text, once.
"""

import ast
import inspect
import textwrap
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import pyarrow as pa

from simnet.errors import RecordError
from simnet.inference.model import Call
from simnet.recording.row_types import Edge, LedgerRow, Metric, PersonaRow, PromptText
from simnet.world.events import Event, Exposure

SCHEMA_VERSION = 2
"""Of everything in a run directory; a change that old readers cannot read raises it.

Since 2, `calls` hold the hashes of the texts that `parts` holds.
"""

PROMPT_TEXTS = "parts"


class Table(NamedTuple):
    """What a table holds and how its rows are told apart and put in order."""

    row: type[tuple[Any, ...]]
    """The NamedTuple whose fields are the columns."""
    key: tuple[str, ...]
    """Of two rows of one moment with equal keys the second is a repeat and is dropped."""
    time: str | None = None
    """Numeric column that sealed rows are sorted by; None keeps the order of arrival."""
    ties: tuple[str, ...] = ()
    """Columns that order rows of one moment; without any, they keep the order of arrival."""
    repetitive: tuple[str, ...] = ()
    """Columns with few distinct values, stored through a dictionary in Parquet."""
    parted: tuple[str, ...] = ()
    """Fields whose text is in `parts`; the column is called `<field>_hash`."""
    inherited: bool = False
    """Whether a fork has all rows of its ancestors and not those of before the fork."""
    weight: int = 1
    """About how many rows of the other tables one row takes the room of."""
    since: int = 1
    """Schema version since which the columns are what they are."""


TABLES: Mapping[str, Table] = MappingProxyType(
    {
        # The order of arrival of events is the order in which the world applied them, and
        # two events of one moment do not commute: a replay of the table depends on it.
        "events": Table(
            Event,
            key=("who", "turn", "cue", "part"),
            time="at",
            repetitive=("who", "cohort", "verb", "outcome", "reason", "whom", "group", "marks"),
        ),
        "calls": Table(
            Call,
            key=("who", "turn", "call"),
            time="at",
            ties=("who", "turn", "call"),
            repetitive=("who", "model", "adapter", "system_hash", "pattern", "finish"),
            parted=("system",),
            weight=4,
            since=2,
        ),
        PROMPT_TEXTS: Table(PromptText, key=("hash",), inherited=True, weight=4, since=2),
        "exposures": Table(
            Exposure,
            key=("who", "turn", "rank"),
            time="at",
            ties=("who", "turn", "rank"),
            repetitive=("who", "ranker"),
        ),
        # These two are made at one moment and may have millions of rows, so they are put in
        # order by a number of their own, a stretch of it at a time.
        "personas": Table(
            PersonaRow, key=("id",), time="position", repetitive=("cohort", "source")
        ),
        "network": Table(
            Edge,
            key=("number",),
            time="number",
            repetitive=("follower", "followee", "change"),
        ),
        "metrics": Table(Metric, key=("wall", "name"), time="wall", repetitive=("name", "unit")),
        "ledger": Table(LedgerRow, key=("outcome", "cause"), repetitive=("outcome",)),
    }
)

_SCALARS: Mapping[type, pa.DataType] = MappingProxyType(
    {float: pa.float64(), int: pa.int64(), str: pa.string(), bool: pa.bool_()}
)


def check_version(path: Path, version: int, oldest: int = SCHEMA_VERSION) -> None:
    """Raise RecordError, with advice, unless a file's version is one that can be read."""
    if version > SCHEMA_VERSION:
        raise RecordError(
            f"{path}: has schema version {version}, this simnet knows {SCHEMA_VERSION}; "
            "upgrade simnet to read this run"
        )
    if version < oldest:
        raise RecordError(
            f"{path}: has schema version {version}, this simnet reads {SCHEMA_VERSION}; "
            "bring the run up to it with: simnet migrate RUN"
        )


def table_named(name: str) -> Table:
    """Find a table. Raises RecordError, listing those there are, for an unknown name."""
    try:
        return TABLES[name]
    except KeyError:
        raise RecordError(f"there is no table {name!r}; there are {', '.join(TABLES)}") from None


@cache
def row_schema(name: str) -> pa.Schema:
    """Derive the Arrow schema of a table's rows from the annotations of their type."""
    row = table_named(name).row
    return pa.schema([_field(column, hint) for column, hint in get_type_hints(row).items()])


@cache
def arrow_schema(name: str) -> pa.Schema:
    """Derive the Arrow schema of a table: that of its rows, with hashes in place of parts."""
    return pa.schema([one.with_name(column_of(name, one.name)) for one in row_schema(name)])


def column_of(name: str, field: str) -> str:
    """Tell what the column of a field of a row is called."""
    return f"{field}_hash" if field in table_named(name).parted else field


def _field(name: str, hint: Any) -> pa.Field:
    nullable = get_origin(hint) in {Union, UnionType} and NoneType in get_args(hint)
    if nullable:
        (hint,) = (one for one in get_args(hint) if one is not NoneType)
    return pa.field(name, _type(hint), nullable=nullable)


def _type(hint: Any) -> pa.DataType:
    if get_origin(hint) is tuple:
        item, _ellipsis = get_args(hint)
        return pa.list_(pa.field("item", _type(item), nullable=False))
    return _SCALARS[hint]


def encode(name: str, rows: Sequence[tuple[Any, ...]]) -> bytes:
    """Put rows of a table into the bytes of one Arrow IPC stream, for `Recorder.append`.

    Raises RecordError, naming table, row and column, for a value the column cannot hold.
    """
    width = len(row_schema(name))
    return encode_columns(name, list(zip(*rows, strict=True)) if rows else [()] * width)


def encode_columns(name: str, columns: Sequence[Any]) -> bytes:
    """Put rows by the column (sequences, arrays of numpy or Arrow) into an IPC stream.

    Raises RecordError as `encode` does.
    """
    schema = row_schema(name)
    if len(columns) != len(schema):
        raise RecordError(f"{name} has {len(schema)} columns, but {len(columns)} were given")
    if len({len(values) for values in columns}) > 1:
        raise RecordError(f"{name}: the columns differ in length")
    arrays = [_array(name, field, values) for field, values in zip(schema, columns, strict=True)]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    encoded: bytes = sink.getvalue().to_pybytes()
    return encoded


def _array(name: str, field: pa.Field, values: Any) -> pa.Array:
    try:
        array = _convert(values, field.type)
    except (pa.ArrowException, OverflowError, TypeError, UnicodeEncodeError) as error:
        row, mended = _mend(name, field, values, error)
        if mended is None:
            raise RecordError(
                f"{name}: row {row}: {field.name} cannot hold {values[row]!r:.80}: {error}"
            ) from error
        return _convert(mended, field.type)
    if not field.nullable and array.null_count:
        row = array.is_null().to_pylist().index(True)
        raise RecordError(f"{name}: row {row}: {field.name} is missing")
    return array


def _convert(values: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array):
        return values.cast(kind)
    return pa.array(values, kind)


def _mend(
    name: str, field: pa.Field, values: Any, error: Exception
) -> tuple[int, list[Any] | None]:
    """Find the row that cannot be stored, or replace lone surrogates, which no file can hold."""
    if isinstance(error, UnicodeEncodeError):
        return 0, [_without_surrogates(value) for value in values]
    for row, value in enumerate(values):
        try:
            _convert([value], field.type)
        except (pa.ArrowException, OverflowError, TypeError):
            return row, None
    raise RecordError(f"{name}: {field.name}: {error}") from error


def _without_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case tuple() | list():
            return [_without_surrogates(item) for item in value]
        case _:
            return value


@cache
def column_docs(name: str) -> Mapping[str, str]:
    """Read the documentation of a table's columns: the strings below the row type's fields."""
    row = table_named(name).row
    tree = ast.parse(textwrap.dedent(inspect.getsource(row)))
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef))
    docs = dict.fromkeys(row_schema(name).names, "")
    for field, below in pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=column)),
                ast.Expr(value=ast.Constant(value=str(words))),
            ):
                docs[column] = inspect.cleandoc(words)
    for taken in table_named(name).parted:
        docs[column_of(name, taken)] = (
            f"Names a text in `{PROMPT_TEXTS}`. {docs.pop(taken)}".strip()
        )
    return MappingProxyType(docs)


def describe_tables() -> str:
    """Write the reference of all tables as Markdown, from the types and their docstrings."""
    pages = []
    for name, table in TABLES.items():
        lines = [f"## {name}", "", inspect.getdoc(table.row) or "", ""]
        lines += [f"Key: {', '.join(table.key)}.", "", "| column | type | meaning |", "|-|-|-|"]
        for field in arrow_schema(name):
            words = " ".join(column_docs(name)[field.name].split()).replace("|", "\\|")
            kind = f"{field.type}, may be null" if field.nullable else str(field.type)
            lines.append(f"| {field.name} | {kind} | {words} |")
        pages.append("\n".join(lines))
    return "\n\n".join(pages) + "\n"
