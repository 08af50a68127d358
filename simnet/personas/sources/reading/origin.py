"""Finds where a file of personas comes from: its data set's revision, or its checksum."""

import hashlib
import re
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path

from simnet.foundation.text import file_name
from simnet.personas.source import Source
from simnet.personas.sources.family import Fields

_COLUMNS = frozenset({"source", "format", "licence", "license", "revision"})
_LICENCES = frozenset({"licence", "license"})
_PARTS = frozenset({"file", "format", "licence", "license", "revision"})
"""What an object `source` has."""
LARGEST_HASHED = 2**30
"""Bytes; larger files have no checksum, as reading them twice takes minutes."""

_SNAPSHOT = re.compile(r"[0-9a-f]{40}")
_DIGITS = 16


def revision_of(path: Path) -> str | None:
    """Return a file's revision.

    In the local cache of the Hugging Face hub that is the commit of the data set, elsewhere the
    SHA-256 of the content. None if the file is too large for that or cannot be read.
    """
    folders = path.absolute().parts
    for before, name in pairwise(folders):
        if before == "snapshots" and _SNAPSHOT.fullmatch(name):
            return name
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_HASHED:
            return None
        with path.open("rb") as file:
            checksum = hashlib.file_digest(file, "sha256")
    except OSError:
        return None
    return f"sha256:{checksum.hexdigest()[:_DIGITS]}"


def told_apart(fields: Fields, whole: Source) -> tuple[Fields, Source]:
    """Return what a row says of somebody, and its own source, else that of the whole file.

    A row names its source by an object `source`, or by a column `licence`, beside which `source`,
    `format` and `revision` are about the source too. Without one they are attributes as any other:
    a table of people may well have a column that is called so.
    """
    if fields.keys().isdisjoint(_COLUMNS):
        return fields, whole
    told = fields.get("source")
    if isinstance(told, dict) and told.keys() <= _PARTS:
        return _without({"source"}, fields), _named(told, told.get("file"), whole)
    if not fields.keys().isdisjoint(_LICENCES):
        return _without(_COLUMNS, fields), _named(fields, told, whole)
    return (_without({"source"}, fields) if told is None else fields), whole


def _without(names: Collection[str], fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if name not in names}


def _named(values: Fields, file: object, whole: Source) -> Source:
    """Return the source that values name; what they leave out is that of the whole file."""
    name = _text(file)
    licence = _text(values.get("licence")) or _text(values.get("license"))
    revision = _text(values.get("revision"))
    if not (name or licence or revision):
        return whole
    return Source(
        file=file_name(name or whole.file),
        format=_text(values.get("format")) or whole.format,
        licence=licence or (None if name else whole.licence),
        revision=revision or (None if name else whole.revision),
    )


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
