"""Reads a population: personas with their ties, first posts and activity."""

from pathlib import Path
from typing import NamedTuple

from simnet.datafiles import Broken
from simnet.personas.persona import Persona
from simnet.personas.source import Source
from simnet.personas.sources.columns.fields import FieldError
from simnet.personas.sources.people.activity import Activity, activity_of
from simnet.personas.sources.people.mirofish_config import with_config
from simnet.personas.sources.people.relations import Relations, relations
from simnet.personas.sources.reading.file_reader import FileReader


class People(NamedTuple):
    """What a file says of some people."""

    personas: list[Persona]
    relations: Relations
    activity: dict[str, Activity]
    """How often somebody is active, by handle, for those of whom the file says so."""
    source: Source
    skipped: tuple[Broken, ...]


def people_of(reader: FileReader, limit: int | None, config: Path | None) -> People:
    """Read a whole file. Raises PersonaError for what cannot be used, unless that is skipped."""
    found = list(reader.found(limit))
    broken: list[Broken] = []
    if config is not None:
        found, broken = with_config(found, config)
    related, unknown = relations(found, whole=limit is None)
    activity: dict[str, Activity] = {}
    for one in found:
        try:
            told = activity_of(one.persona.attributes)
        except FieldError as error:
            broken.append(Broken(one.place, str(error)))
            continue
        if told is not None:
            activity[one.persona.id] = told
    reader.complain([*broken, *unknown])
    if not found and limit != 0:
        reader.raise_empty()
    personas = [one.persona for one in found]
    return People(personas, related, activity, reader.source, tuple(reader.broken))
