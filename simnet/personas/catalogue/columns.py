"""Columns of a catalogue's table, and the conversion of personas to rows and back.

Each attribute has a column of text (`t_NAME`; a list is its texts on lines of their own) and,
where it is a list for somebody, a column of lists (`l_NAME`). The attributes are kept as JSON,
too, from which a persona is built again exactly. Names of attributes may contain anything, so
the characters other than a-z and 0-9 are written as the hexadecimal digits of their UTF-8.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from typing import Any

import pyarrow as pa

from simnet.personas.catalogue.entries import Entry
from simnet.personas.persona import Attribute, Persona, as_told
from simnet.personas.source import ORIGIN, Source

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
_written = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
_TEXT = {str, type(None)}
_PLAIN = re.compile(r"[^a-z0-9]")


@lru_cache(maxsize=4096)
def text_column(field: str) -> str:
    """Return the name of the column with an attribute's text."""
    return "t_" + _encoded(field)


@lru_cache(maxsize=4096)
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
    if isinstance(value, str):
        return value or None
    if isinstance(value, list):
        return "\n".join(value) or None
    if isinstance(value, bool):
        return "true" if value else "false"
    return as_told(value) or None


def digest_of(description: str, attributes: str) -> int:
    """Return a checksum of what makes a persona who it is, beside its id."""
    text = f"{len(description)}\x1f{description}{attributes}"
    hashed = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(hashed.digest(), "little", signed=True)


def base_row(persona: Persona, source: Source) -> tuple[Any, ...]:
    """Return the values of BASE without the position; `source` counts if it has none of its own."""
    attributes = _written(persona.attributes)
    description = persona.description
    origin = persona.source or source
    return (
        *(digest_of(description, attributes), persona.id, description, attributes, persona.untold),
        *(origin.file, origin.format, origin.licence, origin.revision),
    )


def batch_of(
    rows: Sequence[tuple[Any, ...]],
    everyone: Sequence[Mapping[str, Attribute]],
    positions: Iterable[int],
) -> pa.RecordBatch:
    """Make a batch of rows and the attributes of each: BASE, and the columns that are searched.

    These are WHOLE and the columns of text and of lists of all attributes that somebody has.
    """
    values = [list(positions), *zip(*rows, strict=True)] if rows else [[] for _ in BASE]
    pairs = zip(values, BASE.types, strict=True)
    columns = dict(zip(BASE.names, (pa.array(*pair) for pair in pairs), strict=True))
    _, _, keys, descriptions = values[:4]
    own: dict[str, Sequence[str]] = {"id": keys, "description": descriptions}
    texts: list[Sequence[str | None]] = [keys, descriptions]
    for name in dict.fromkeys(chain.from_iterable(everyone)):
        given = [one.get(name) for one in everyone]
        kinds = set(map(type, given))
        searched: list[str | None] = (
            [value or None for value in given]  # type: ignore[misc]  # all are texts or None
            if kinds <= _TEXT
            else [text_of(value) for value in given]
        )
        texts.append(searched)
        if name in OWN:  # without the attribute, the name means the persona's own field
            rest = zip(everyone, searched, own[OWN[name]], strict=True)
            searched = [text if name in one else mine for one, text, mine in rest]
        columns[text_column(name)] = pa.array(searched, pa.string())
        if list in kinds:
            lists = [value if isinstance(value, list) else None for value in given]
            columns[list_column(name)] = pa.array(lists, pa.list_(pa.string()))
    whole = ["\n".join(filter(None, row)) for row in zip(*texts, strict=True)]
    columns[WHOLE] = pa.array(whole, pa.string())
    return pa.record_batch(columns)


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


OWN_TEXT = {text_column(name): column for name, column in OWN.items()}
"""Columns of text of the attributes that are named like fields of every persona, and the columns
of those fields, which stand in for the attribute where a persona does not have it."""
