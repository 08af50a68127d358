"""Finds where a file of personas comes from: its data set's revision, or its checksum."""

import hashlib
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from simnet.foundation.text import file_name
from simnet.personas.source import Source
from simnet.personas.sources.family import Fields

COLUMNS = ("source", "format", "licence", "license", "revision")
"""Columns of a row that say where it comes from, and nothing of who it is."""
_NAMING = frozenset(COLUMNS) - {"format"}
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


def source_of(fields: Fields, whole: Source) -> Source:
    """Return a row's own source, as far as it names one, else that of the whole file."""
    if _NAMING.isdisjoint(fields):
        return whole
    told = fields.get("source")
    named: dict[str, Any] = told if isinstance(told, dict) else fields
    file = named.get("file") if isinstance(told, dict) else told
    licence = _text(named.get("licence")) or _text(named.get("license"))
    revision = _text(named.get("revision"))
    if not (_text(file) or licence or revision):
        return whole
    return Source(
        file=file_name(_text(file) or whole.file),
        format=_text(named.get("format")) or whole.format,
        licence=licence or (None if _text(file) else whole.licence),
        revision=revision or (None if _text(file) else whole.revision),
    )


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
