"""The tables of a record. Their columns are the fields of the row types, declared once.

A row type is a NamedTuple; its annotations give the Arrow types (`str | None` is a nullable
string, `tuple[int, ...]` a list of int64) and the strings below its fields are the columns'
documentation. A text that many rows repeat is a prompt text: encoded rows have the text, the
rows of the table have its hash, and the table `prompt_texts` has the text once.
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
from simnet.foundation.text import counted
from simnet.inference.model import Call
from simnet.recording.row_types import Edge, LedgerRow, Metric, PersonaRow, PromptText, StateRow
from simnet.world.events import Event, Exposure

SCHEMA_VERSION = 3
"""Schema version of a run directory; raised by a change that older readers cannot read.

Since version 3, times are whole microseconds and no column is named like a keyword of SQL.
"""

PROMPT_TEXTS = "prompt_texts"


class Table(NamedTuple):
    """The columns of a table, its key and its order."""

    row: type[tuple[Any, ...]]
    """The NamedTuple whose fields are the columns."""
    key: tuple[str, ...]
    """Of rows with equal keys and times, all but the first are repeats and are dropped."""
    time: str | None = None
    """Numeric column that orders sealed rows; None keeps the order of arrival."""
    ties: tuple[str, ...] = ()
    """Columns that order rows of equal time; if empty, these keep the order of arrival."""
    repetitive: tuple[str, ...] = ()
    """Columns with few distinct values, dictionary-encoded in Parquet."""
    shared_texts: tuple[str, ...] = ()
    """Fields whose texts are stored in `prompt_texts`; their columns are called `<field>_hash`."""
    inherited: bool = False
    """Whether a fork has all rows of its ancestors, not only those before the fork."""
    weight: int = 1
    """Size of a row, relative to those of other tables; divides rows per group and file."""


TABLES: Mapping[str, Table] = MappingProxyType(
    {
        # Events and exposures of one moment keep the order in which the world made them: two
        # events do not commute, and a run that goes on compares its rows one by one.
        "events": Table(
            Event,
            key=("who", "turn", "cue", "part"),
            time="time",
            repetitive=(
                "who",
                "cohort",
                "verb",
                "outcome",
                "reason",
                "whom",
                "group_name",
                "marks",
            ),
        ),
        "calls": Table(
            Call,
            key=("who", "turn", "call"),
            time="time",
            ties=("who", "turn", "call"),
            repetitive=("who", "model", "adapter", "system_hash", "pattern", "finish"),
            shared_texts=("system",),
            weight=4,
        ),
        PROMPT_TEXTS: Table(PromptText, key=("hash",), inherited=True, weight=4),
        "exposures": Table(
            Exposure,
            key=("who", "turn", "rank"),
            time="time",
            repetitive=("who", "ranker", "via"),
        ),
        # The rows of these two have one time and may be millions, so they are ordered by a
        # number of their own, which can be merged in bounded memory.
        "personas": Table(
            PersonaRow,
            key=("id",),
            time="position",
            repetitive=("cohort", "source", "license", "revision"),
        ),
        "network": Table(
            Edge,
            key=("number",),
            time="number",
            repetitive=("follower", "followee", "change"),
        ),
        "state": Table(
            StateRow,
            key=("number",),
            time="time",
            repetitive=("name", "key"),
        ),
        "metrics": Table(Metric, key=("wall", "name"), time="wall", repetitive=("name", "unit")),
        "ledger": Table(LedgerRow, key=("outcome", "cause"), repetitive=("outcome",)),
    }
)

_SCALARS: Mapping[type, pa.DataType] = MappingProxyType(
    {float: pa.float64(), int: pa.int64(), str: pa.string(), bool: pa.bool_()}
)


def check_version(path: Path, version: int, oldest: int = SCHEMA_VERSION) -> None:
    """Raise RecordError, with advice, unless a file of this version can be read."""
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
    """Find a table. Raises RecordError, listing the tables, for an unknown name."""
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
    """Derive the Arrow schema of a table: that of its rows, with hashes for prompt texts."""
    return pa.schema([field.with_name(column_of(name, field.name)) for field in row_schema(name)])


def table_doc(name: str) -> str:
    """Read the documentation of a table's rows."""
    return inspect.getdoc(table_named(name).row) or ""


def column_of(name: str, field: str) -> str:
    """Name the column of a field of a row."""
    return f"{field}_hash" if field in table_named(name).shared_texts else field


def _field(name: str, hint: Any) -> pa.Field:
    nullable = get_origin(hint) in {Union, UnionType} and NoneType in get_args(hint)
    if nullable:
        (hint,) = (option for option in get_args(hint) if option is not NoneType)
    return pa.field(name, _type(hint), nullable=nullable)


def _type(hint: Any) -> pa.DataType:
    if get_origin(hint) is tuple:
        item, _ellipsis = get_args(hint)
        return pa.list_(pa.field("item", _type(item), nullable=False))
    return _SCALARS[hint]


def encode(name: str, rows: Sequence[tuple[Any, ...]]) -> bytes:
    """Encode rows of a table as one Arrow IPC stream, for `Recorder.append`.

    Raises RecordError, naming table, row and column, for a value the column cannot hold.
    """
    width = len(row_schema(name))
    return encode_columns(name, list(zip(*rows, strict=True)) if rows else [()] * width)


def encode_columns(name: str, columns: Sequence[Any]) -> bytes:
    """Encode columns (sequences, numpy or Arrow arrays) of a table as one Arrow IPC stream.

    Raises RecordError as `encode` does.
    """
    schema = row_schema(name)
    if len(columns) != len(schema):
        raise RecordError(
            f"{name} has {counted(len(schema), 'column')}, but {len(columns)} were given"
        )
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
    """Find the row that cannot be stored, or replace lone surrogates, which UTF-8 cannot encode."""
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
    for shared in table_named(name).shared_texts:
        docs[column_of(name, shared)] = (
            f"Names a text in `{PROMPT_TEXTS}`. {docs.pop(shared)}".strip()
        )
    return MappingProxyType(docs)


def describe_tables() -> str:
    """Write the reference of all tables as Markdown, from the types and their docstrings."""
    pages = []
    for name, table in TABLES.items():
        lines = [f"## {name}", "", table_doc(name), ""]
        lines += [f"Key: {', '.join(table.key)}.", "", "| column | type | meaning |", "|-|-|-|"]
        for field in arrow_schema(name):
            words = " ".join(column_docs(name)[field.name].split()).replace("|", "\\|")
            kind = f"{field.type}, may be null" if field.nullable else str(field.type)
            lines.append(f"| {field.name} | {kind} | {words} |")
        pages.append("\n".join(lines))
    return "\n\n".join(pages) + "\n"
