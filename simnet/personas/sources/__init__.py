"""Reads personas from files, in simnet's own format and those of data sets and simulators.

`load_personas` recognises the format by the content of the file, never by its name. A file is
read as a whole or not at all: if rows are broken, PersonaError lists the first ten, each with
its place, its field and what to do.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

from pydantic import ValidationError

from simnet.errors import PersonaError
from simnet.personas.persona import Persona
from simnet.personas.sources import oasis
from simnet.personas.sources.containers import Broken, Row, rows
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.fields import FieldError
from simnet.personas.sources.formats import FORMATS, LICENCES, Format, recognise
from simnet.personas.sources.handles import Handles

__all__ = ["FORMATS", "LICENCES", "Batch", "Source", "load", "load_personas", "read"]

MAX_PROBLEMS = 10


class Source(NamedTuple):
    """Where personas come from: file, format, and licence of the data."""

    file: str
    format: str
    licence: str | None = None


class Batch(NamedTuple):
    """The personas of one file, and their source."""

    personas: list[Persona]
    source: Source


def load_personas(
    path: str | Path, format: str | None = None, limit: int | None = None
) -> list[Persona]:
    """Read the personas of a JSON, JSONL, CSV or Parquet file.

    `format` is a name in FORMATS; it is recognised if left out. Reading stops after `limit`
    personas. JSONL, CSV and Parquet are read as streams.

    Raises PersonaError, which lists the first ten rows that cannot be read.
    """
    return read(path, format, limit).personas


def load(path: str | Path, format: str | None = None, limit: int | None = None) -> list[Persona]:
    """Read personas under the deprecated name of `load_personas`."""
    warnings.warn(
        "simnet.personas.load is deprecated and will go with the next release; "
        "use load_personas, which takes the same arguments",
        DeprecationWarning,
        stacklevel=2,
    )
    return load_personas(path, format, limit)


def read(path: str | Path, format: str | None = None, limit: int | None = None) -> Batch:
    """Read the personas of a file together with their source; see `load_personas`."""
    path = Path(path)
    if limit is not None and limit < 0:
        raise PersonaError(f"limit is {limit}; give 0 or more personas to read")
    if format is not None and format not in FORMATS:
        raise PersonaError(f"no persona format {format!r}; there are {', '.join(sorted(FORMATS))}")
    reader = _FileReader(path, FORMATS[format] if format else None)
    personas = reader.all(limit)
    if not personas and limit != 0:
        raise PersonaError(f"{path}: no personas in this file; it has no rows")
    name = reader.format.name if reader.format else "empty"
    if name == "oasis-twitter":
        personas = oasis.add_following(personas)
    return Batch(personas, Source(path.name, name, LICENCES.get(name)))


class _FileReader:
    """Reads one file; keeps the handles in use and the problems found."""

    def __init__(self, path: Path, format: Format | None) -> None:
        self.format = format
        self._path = path
        self._handles = Handles()
        self._problems: list[str] = []

    def all(self, limit: int | None) -> list[Persona]:
        personas: list[Persona] = []
        if limit == 0:
            return personas
        for persona in self._iterate():
            personas.append(persona)
            if limit is not None and len(personas) + len(self._problems) >= limit:
                break
        if self._problems:
            self._raise_problems()
        return personas

    def _iterate(self) -> Iterator[Persona]:
        for row in rows(self._path):
            result = row if isinstance(row, Broken) else self._persona(row)
            if isinstance(result, Persona):
                yield result
                continue
            self._problems.append(f"{result.place}: {result.why}")
            if len(self._problems) == MAX_PROBLEMS:
                return

    def _persona(self, row: Row) -> Persona | Broken:
        self.format = self.format or recognise(row.fields)
        if self.format is None:
            raise PersonaError(
                f"{self._path}: {row.place} has the fields {', '.join(map(repr, row.fields))}, "
                "which is no persona format simnet knows; give every row an `id` and a "
                f"`description`, or name the format: {', '.join(sorted(FORMATS))}"
            )
        try:
            draft = self.format.convert(row.fields)
            handle, changed = self._handles.take(draft, row)
            return _validated(draft, handle, changed)
        except FieldError as error:
            return Broken(row.place, str(error))

    def _raise_problems(self) -> NoReturn:
        count = len(self._problems)
        more = ", and perhaps more" if count == MAX_PROBLEMS else ""
        listed = "\n  ".join(self._problems)
        rows_text = "1 row" if count == 1 else f"{count} rows"
        raise PersonaError(
            f"{self._path}: {rows_text} cannot be read{more}; nothing was imported\n  {listed}"
        )


def _validated(draft: Draft, handle: str, changed: bool) -> Persona:
    """Validate a draft. Raises FieldError, which names the invalid field."""
    attributes, untold = draft.attributes, draft.untold
    if changed and draft.id is not None:
        attributes = {**attributes, "original_id": draft.id}
        untold = (*untold, "original_id")
    try:
        return Persona(
            id=handle,
            description=draft.description,
            attributes=attributes,
            untold=tuple(name for name in untold if name in attributes),
        )
    except ValidationError as error:
        fault = error.errors()[0]
        raise FieldError(".".join(str(part) for part in fault["loc"][:2]), fault["msg"]) from None
