"""What a catalogue returns."""

from datetime import datetime
from typing import NamedTuple

from simnet.personas.persona import Persona
from simnet.personas.source import Source


class Entry(NamedTuple):
    """A persona and its source."""

    persona: Persona
    source: Source


class Similar(NamedTuple):
    """An entry and its cosine similarity to the query, above 0 and at most 1."""

    entry: Entry
    score: float


class Added(NamedTuple):
    """How many personas were added, and how many were there already."""

    new: int
    known: int
    """Personas that the catalogue had already, equal in id, description and attributes."""


class Version(NamedTuple):
    """A state of a catalogue that can be opened and restored."""

    number: int
    time: datetime
    """When it was made, in local time."""
    personas: int
    change: str
    """What made it: `add`, `update`, `remove`, `restore` or `convert`."""


class Duplicate(NamedTuple):
    """A persona that says what an earlier one says."""

    id: str
    of: str
    """The id of the persona that is kept."""
    score: float
    """Similarity of the two, 1 for equal texts: Jaccard or cosine, by the method."""
