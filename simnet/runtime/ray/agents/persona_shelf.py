"""Explicit personas in Ray's object store, once for all actors of a run."""

from collections.abc import Mapping, Sequence
from typing import overload

import ray

from simnet.personas.persona import Persona

CHUNK = 256
"""Personas in one object of the store."""


class PersonaShelf(Sequence[Persona]):
    """The personas of a cohort in a process that hosts few of them.

    Its own are given to it; any other is fetched from the store, with those that lie beside it,
    when it is asked for. Behaviours that look at a cohort as a whole do that, for few members.
    """

    def __init__(self, length: int, chunks: Sequence[ray.ObjectRef]) -> None:
        self._length = length
        self._chunks = chunks
        self._known: dict[int, Persona] = {}

    @classmethod
    def stored(cls, personas: Sequence[Persona]) -> "PersonaShelf":
        """Put personas into the store."""
        starts = range(0, len(personas), CHUNK)
        chunks = [ray.put(list(personas[start : start + CHUNK])) for start in starts]
        return cls(len(personas), chunks)

    def add(self, personas: Mapping[int, Persona]) -> None:
        """Take the personas of this process, by their positions."""
        self._known.update(personas)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Persona: ...

    @overload
    def __getitem__(self, index: slice) -> list[Persona]: ...

    def __getitem__(self, index: int | slice) -> "Persona | list[Persona]":
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(self._length))]
        position = range(self._length)[index]
        if position not in self._known:
            chunk, place = divmod(position, CHUNK)
            self._known[position] = ray.get(self._chunks[chunk])[place]
        return self._known[position]

    def __reduce__(self) -> tuple[object, ...]:
        return PersonaShelf, (self._length, self._chunks)
