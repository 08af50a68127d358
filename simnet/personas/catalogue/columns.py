"""Columns of a catalogue's table, and the conversion of personas to rows and back.

Each attribute has a column of text (`t_NAME`; a list is its texts on lines of their own) and,
where it is a list for somebody, a column of lists (`l_NAME`). The attributes are kept as JSON,
too, from which a persona is built again exactly. Names of attributes may contain anything, so
the characters other than a-z and 0-9 are written as the hexadecimal digits of their UTF-8.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import pyarrow as pa

from simnet.personas.catalogue.entries import Entry
from simnet.personas.persona import Attribute, Persona
from simnet.personas.source import Source

ORIGIN = ("source", "format", "licence", "revision")
STORED = ("id", "description", "attributes", "untold", *ORIGIN)
"""Columns from which an entry is built."""
BASE = pa.schema(
    [
        ("position", pa.int64()),
        ("digest", pa.int64()),
        *((name, pa.list_(pa.string()) if name == "untold" else pa.string()) for name in STORED),
    ]
)
"""`position` orders the personas; `digest` is a checksum of id, description and attributes."""
WHOLE = "text"
"""The column with the text of all fields."""
VECTOR = "vector"
"""The column with the vector of the persona's own description."""
OWN = {"id": "id", "description": "description", "persona": "description"}
"""Fields that every persona has, and their columns; an attribute of that name comes first."""
_written = json.JSONEncoder(ensure_ascii=False).encode
_PLAIN = re.compile(r"[^a-z0-9]")


def text_column(field: str) -> str:
    """Return the name of the column with an attribute's text."""
    return "t_" + _encoded(field)


def list_column(field: str) -> str:
    """Return the name of the column with an attribute's lists."""
    return "l_" + _encoded(field)


def vector_column(field: str) -> str:
    """Return the name of the column with the vectors of an attribute."""
    return "v_" + _encoded(field)


def field_of(column: str) -> str:
    """Return the attribute whose text, lists or vectors a column holds."""
    parts = re.split(r"((?:_[0-9a-f]{2})+)", column[2:])
    return "".join(
        bytes.fromhex(part.replace("_", "")).decode() if part.startswith("_") else part
        for part in parts
    )


def attribute_fields(columns: Iterable[str]) -> list[str]:
    """List the attributes that have a column of text, in the order of the table."""
    return [field_of(name) for name in columns if name.startswith("t_")]


def text_of(value: Attribute) -> str | None:
    """Return a value as it is searched; None for an empty one."""
    if isinstance(value, list):
        return "\n".join(value) or None
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None or value == "" else str(value)


def digest_of(description: str, attributes: str) -> int:
    """Return a checksum of what makes a persona who it is, beside its id."""
    text = f"{len(description)}\x1f{description}{attributes}"
    hashed = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(hashed.digest(), "little", signed=True)


def base_row(persona: Persona, source: Source) -> tuple[Any, ...]:
    """Return the values of BASE without the position; `source` counts if it has none of its own."""
    attributes = _written(persona.attributes)
    digest = digest_of(persona.description, attributes)
    origin = persona.source or source
    return (
        *(digest, persona.id, persona.description, attributes, list(persona.untold)),
        *(origin.file, origin.format, origin.licence, origin.revision),
    )


def base_batch(rows: Sequence[tuple[Any, ...]], positions: Iterable[int]) -> pa.RecordBatch:
    """Make a batch of BASE of rows."""
    columns = [list(positions), *zip(*rows, strict=True)] if rows else [[] for _ in BASE]
    arrays = [pa.array(values, kind) for values, kind in zip(columns, BASE.types, strict=True)]
    return pa.record_batch(arrays, schema=BASE)


def parsed_attributes(batch: pa.RecordBatch | pa.Table) -> list[dict[str, Attribute]]:
    """Parse the column `attributes`."""
    return [json.loads(written) for written in batch["attributes"].to_pylist()]


def searched_columns(batch: pa.RecordBatch, wanted: Iterable[str]) -> dict[str, pa.Array]:
    """Compute the columns of text and of lists in `wanted` from a batch of BASE."""
    everyone = parsed_attributes(batch)
    own = {name: batch[column].to_pylist() for name, column in OWN.items()}
    columns = {WHOLE: pa.array(_whole_texts(own, everyone), pa.string())}
    for column in wanted:
        if column.startswith("t_"):
            columns[column] = pa.array(field_texts(field_of(column), own, everyone), pa.string())
        elif column.startswith("l_"):
            name = field_of(column)
            values = [one.get(name) for one in everyone]
            lists = [value if isinstance(value, list) else None for value in values]
            columns[column] = pa.array(lists, pa.list_(pa.string()))
    return columns


def field_texts(
    field: str, own: Mapping[str, list[str]], everyone: Sequence[Mapping[str, Attribute]]
) -> list[str | None]:
    """Return the text of a field for each persona: the attribute's, else the persona's own."""
    if field in own:
        both = zip(own[field], everyone, strict=True)
        return [text_of(one[field]) if field in one else mine for mine, one in both]
    return [text_of(one.get(field)) for one in everyone]


def _whole_texts(
    own: Mapping[str, list[str]], everyone: Sequence[Mapping[str, Attribute]]
) -> list[str]:
    rows = zip(own["id"], own["description"], everyone, strict=True)
    return [
        "\n".join(filter(None, [key, description, *map(text_of, one.values())]))
        for key, description, one in rows
    ]


def entries_of(rows: pa.RecordBatch | pa.Table) -> list[Entry]:
    """Build the entries of rows that have the columns STORED."""
    columns = [rows[name].to_pylist() for name in STORED]
    return [_entry(*values) for values in zip(*columns, strict=True)]


def _entry(key: str, description: str, written: str, untold: list[str], *origin: Any) -> Entry:
    source = Source(*origin)
    persona = Persona(
        id=key,
        description=description,
        attributes=json.loads(written),
        untold=tuple(untold),
        source=source if source.file or source.licence else None,
    )
    return Entry(persona, source)


def _encoded(field: str) -> str:
    return _PLAIN.sub(lambda found: "".join(f"_{byte:02x}" for byte in found[0].encode()), field)
