"""What a catalogue returns."""

from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

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


Conflict: TypeAlias = Literal["error", "keep", "replace"]
"""What becomes of a persona whose id belongs to a different one in the catalogue: it is an error,
the other one is kept, or the other one is replaced."""


class Added(NamedTuple):
    """What became of the personas that were given to a catalogue."""

    new: int
    known: int
    """Personas that the catalogue had already, equal in id, description and attributes."""
    kept: int = 0
    """Personas that stayed as they are in the catalogue, where a different one was given."""
    replaced: int = 0
    """Personas in the place of different ones with the same ids."""


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
