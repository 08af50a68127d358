"""Reads personas from files, in simnet's own format and those of data sets and simulators.

The format is recognised by the content of the file, never by its name. A file is read as a whole
or not at all: if rows are broken, PersonaError lists the first ten, each with its place, its
field and what to do. `skip_bad` goes on without them.
"""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from simnet.datafiles import Broken
from simnet.errors import PersonaError
from simnet.personas.catalogue import Catalogue
from simnet.personas.catalogue.catalogue_files import FOLDER, LEGACY_FILE
from simnet.personas.persona import Persona
from simnet.personas.source import Source
from simnet.personas.sources.families import GENERAL, MAPPED, SPECIFIC
from simnet.personas.sources.family import Format
from simnet.personas.sources.file_reader import FileReader
from simnet.personas.sources.origin import revision_of
from simnet.text import counted, did_you_mean

__all__ = ["FORMATS", "LICENCES", "Batch", "Format", "Source", "load", "load_personas", "read"]

FORMATS = {form.name: form for form in (*SPECIFIC, *GENERAL)}
"""All formats by name; the most specific come first, as the first that fits is taken."""
LICENCES = {form.name: form.licence for form in FORMATS.values() if form.licence}
"""Licence of the data published in a format; own files have none."""

MOST_LISTED = 10
"""Most skipped rows that a warning lists."""


@dataclass(frozen=True)
class Batch:
    """The personas of one file, their source, and the rows that were skipped.

    Unpacks to personas and source.
    """

    personas: list[Persona]
    source: Source
    """That of the file; a persona's own `source` may name another, as in a catalogue."""
    skipped: tuple[Broken, ...] = ()
    """Rows that could not be read, each with its place and the reason; empty unless `skip_bad`."""

    def __iter__(self) -> Iterator[Any]:
        return iter((self.personas, self.source))


def load_personas(
    path: str | Path,
    format: str | None = None,
    limit: int | None = None,
    *,
    map: Mapping[str, str] | None = None,
    skip_bad: bool = False,
    licence: str | None = None,
    revision: str | None = None,
) -> list[Persona]:
    """Read the personas of a JSON, JSONL, CSV or Parquet file, or of a catalogue's folder.

    Files may be compressed (gzip, bzip2, xz, Zstandard). `format` is a name in FORMATS; it is
    recognised if left out. Reading stops after `limit` personas. JSONL, CSV and Parquet are read
    as streams. `map` names the column of each field, as in `{"id": "name", "description": "bio"}`.
    `skip_bad` leaves out rows that cannot be read, with a warning that counts and lists them.
    `licence` and `revision` are those of the data, if the file does not say so itself.

    Raises PersonaError, which lists the first ten rows that cannot be read.
    """
    batch = read(
        path, format, limit, map=map, skip_bad=skip_bad, licence=licence, revision=revision
    )
    if batch.skipped:
        listed = "; ".join(f"{place}: {why}" for place, why in batch.skipped[:MOST_LISTED])
        count = counted(len(batch.skipped), "row")
        warnings.warn(
            f"{path}: {count} skipped that cannot be read: {listed}",
            stacklevel=2,
        )
    return batch.personas


def load(path: str | Path, format: str | None = None, limit: int | None = None) -> list[Persona]:
    """Read personas under the deprecated name of `load_personas`."""
    warnings.warn(
        "simnet.personas.load is deprecated and will go with the next release; "
        "use load_personas, which takes the same arguments",
        DeprecationWarning,
        stacklevel=2,
    )
    return load_personas(path, format, limit)


def read(
    path: str | Path,
    format: str | None = None,
    limit: int | None = None,
    *,
    map: Mapping[str, str] | None = None,
    skip_bad: bool = False,
    licence: str | None = None,
    revision: str | None = None,
) -> Batch:
    """Read the personas of a file together with their source; see `load_personas`."""
    if (Path(path) / FOLDER).is_dir():
        entries = islice(Catalogue.open(path).entries(), limit)
        return Batch([entry.persona for entry in entries], Source(Path(path).name, "catalogue"))
    path = _file(Path(path))
    if limit is not None and limit < 0:
        raise PersonaError(f"limit is {limit}; give 0 or more personas to read")
    reader = FileReader(
        path,
        _format(format),
        map or {},
        Source(path.name, "", licence, revision or revision_of(path)),
        skip_bad=skip_bad,
    )
    personas = reader.read(limit)
    if not personas and limit != 0:
        broken = f"; broken rows: {len(reader.broken)}" if reader.broken else ""
        raise PersonaError(f"{path}: no personas in this file{broken or '; it has no rows'}")
    source = reader.source if reader.format else Source(path.name, "empty", licence, revision)
    return Batch(personas, source, tuple(reader.broken))


def _file(path: Path) -> Path:
    """Return the file to read: a catalogue of simnet 0.2 is the file in its folder."""
    if not path.is_dir():
        return path
    if (path / LEGACY_FILE).is_file():
        return path / LEGACY_FILE
    raise PersonaError(
        f"{path} is a folder without {FOLDER}, so it is no catalogue; name a file, or make "
        f"a catalogue with: simnet personas import FILE --into {path}"
    )


def _format(name: str | None) -> Format | None:
    if name is None or name == MAPPED.name:
        return None
    if name not in FORMATS:
        hint = did_you_mean(name, FORMATS) or ";"
        raise PersonaError(
            f"no persona format {name!r}{hint} There are {', '.join(sorted(FORMATS))}"
        )
    return FORMATS[name]
