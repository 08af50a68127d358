"""Personas of one file as they are read: all at once, or a list at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from simnet.datafiles import Broken
from simnet.personas.persona import Persona
from simnet.personas.source import Source
from simnet.personas.sources.reading.kept_embeddings import Embeddings

if TYPE_CHECKING:
    from simnet.embedding import StoredVectors


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


class Batches(Iterator[list[Persona]]):
    """Lists of personas as they are read; see `read_batches`."""

    def __init__(
        self,
        batches: Iterator[list[Persona]],
        source: Callable[[], Source],
        skipped: Sequence[tuple[str, str]],
        embeddings: Embeddings | None = None,
    ) -> None:
        self._batches = batches
        self._embeddings = embeddings
        self._source = source
        self.skipped = skipped
        """The rows so far that could not be read, each with its place and the reason."""

    def __next__(self) -> list[Persona]:
        return next(self._batches)

    @property
    def embedder(self) -> "StoredVectors | None":
        """The model of the personas' vectors, for `Catalogue.open`; None if they have none.

        It is known once the first list has been read.
        """
        found = self._embeddings
        if found is None or not found.model:
            return None
        from simnet.embedding import StoredVectors  # noqa: PLC0415 - imports numpy

        return StoredVectors(found.model, found.dimensions)

    @property
    def source(self) -> Source:
        """That of the file; its format is known once the first list has been read."""
        source = self._source()
        return source if source.format else replace(source, format="empty")
