"""The personas of a file or a catalogue, read as a stream each time they are gone through."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from simnet.errors import UsageError
from simnet.personas.catalogue import Catalogue
from simnet.personas.persona import Persona
from simnet.personas.sources import read_batches

_ROWS_AT_ONCE = 512


@dataclass(frozen=True, kw_only=True)
class PersonaFile:
    """Personas with their sources, of which one block is in memory at a time.

    They are read once when this is made, so that all that is wrong is raised before anything
    starts. Raises UsageError if there is nobody, and PersonaError if rows cannot be read.
    """

    path: Path
    """Where they are read from."""
    limit: int | None = None
    """Read so many at most."""
    count: int = field(init=False)
    """How many there are."""

    def __post_init__(self) -> None:
        if not self.path.exists():
            raise UsageError(f"{self.path}: there is no such file or folder; check the path")
        if self.path.is_dir() and not len(Catalogue.open(self.path)):
            raise UsageError(
                f"{self.path}: there are no personas in this folder, and no texts; name a file of "
                "personas, a catalogue, or, to expand texts, a folder with .txt or .md files"
            )
        object.__setattr__(self, "count", sum(1 for _ in self))

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Persona]:
        if self.path.is_dir():
            for persona, source in islice(Catalogue.open(self.path).entries(), self.limit):
                yield persona.model_copy(update={"source": source})
            return
        for batch in read_batches(self.path, limit=self.limit, batch_size=_ROWS_AT_ONCE):
            yield from batch
