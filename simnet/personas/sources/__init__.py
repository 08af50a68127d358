"""Personas from files: our own and those of the data sets and simulators in use.

`load` tells formats apart by what is in the file, never by its name. Nothing is half
imported: one broken row and there are no personas, only an error that names the row, its
field and what to do, for the first ten such rows.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from simnet.errors import PersonaError
from simnet.personas.persona import Persona
from simnet.personas.sources import oasis
from simnet.personas.sources.containers import Broken, Row, rows
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.fields import FieldError
from simnet.personas.sources.formats import FORMATS, LICENCES, Format, recognise
from simnet.personas.sources.handles import Handles

__all__ = ["FORMATS", "LICENCES", "Batch", "Source", "load", "read"]

MOST_PROBLEMS = 10


class Source(NamedTuple):
    """Where a persona comes from, and what its licence asks of whoever passes it on."""

    file: str
    format: str
    licence: str | None = None


class Batch(NamedTuple):
    """What one file held."""

    personas: list[Persona]
    source: Source


def load(path: str | Path, format: str | None = None, limit: int | None = None) -> list[Persona]:
    """Read the personas of a JSON, JSONL, CSV or Parquet file.

    `format` is one of FORMATS and is found out when left out; `limit` stops after so many
    personas, without reading on. JSONL, CSV and Parquet are read as streams.

    Raises PersonaError, which lists the first ten rows that cannot be read.
    """
    return read(path, format, limit).personas


def read(path: str | Path, format: str | None = None, limit: int | None = None) -> Batch:
    """Do as `load`, and tell the source too."""
    path = Path(path)
    if limit is not None and limit < 0:
        raise PersonaError(f"limit is {limit}; how many personas to read is 0 or more")
    if format is not None and format not in FORMATS:
        raise PersonaError(f"no persona format {format!r}; there are {', '.join(sorted(FORMATS))}")
    reading = _Reading(path, FORMATS[format] if format else None)
    personas = reading.all(limit)
    if not personas and limit != 0:
        raise PersonaError(f"{path}: no personas in this file; it has no rows")
    name = reading.format.name if reading.format else "empty"
    if name == "oasis-twitter":
        personas = oasis.name_the_followed(personas)
    return Batch(personas, Source(path.name, name, LICENCES.get(name)))


class _Reading:
    """Reads one file, keeping count of the handles and of what went wrong."""

    def __init__(self, path: Path, form: Format | None) -> None:
        self.format = form
        self._path = path
        self._handles = Handles()
        self._problems: list[str] = []

    def all(self, limit: int | None) -> list[Persona]:
        personas: list[Persona] = []
        if limit == 0:
            return personas
        for persona in self._each():
            personas.append(persona)
            if limit is not None and len(personas) + len(self._problems) >= limit:
                break
        if self._problems:
            self._give_up()
        return personas

    def _each(self) -> Iterator[Persona]:
        for row in rows(self._path):
            read = row if isinstance(row, Broken) else self._persona(row)
            if isinstance(read, Persona):
                yield read
                continue
            self._problems.append(f"{read.place}: {read.why}")
            if len(self._problems) == MOST_PROBLEMS:
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
            return _persona(draft, handle, changed)
        except FieldError as error:
            return Broken(row.place, str(error))

    def _give_up(self) -> None:
        count = len(self._problems)
        more = ", and perhaps more" if count == MOST_PROBLEMS else ""
        listed = "\n  ".join(self._problems)
        what = "1 row" if count == 1 else f"{count} rows"
        raise PersonaError(
            f"{self._path}: {what} cannot be read{more}; nothing was imported\n  {listed}"
        )


def _persona(draft: Draft, handle: str, changed: bool) -> Persona:
    """Validate a draft; FieldError names the field that does not hold."""
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
