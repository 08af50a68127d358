"""The personas that ship with simnet, as populations of any size."""

import json
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from hashlib import blake2b, sha256
from importlib.resources import files
from typing import overload

from simnet.errors import PersonaError
from simnet.personas.persona import Attribute, Persona
from simnet.personas.source import Source

_PREFIX = re.compile(r"[\w.\-]{0,24}")


def sample(n: int, seed: int = 0, *, prefix: str = "", **attributes: Attribute) -> "Population":
    """Draw `n` of the shipped personas, in an order that depends on `seed`.

    Handles are unique within a population, and populations with different seeds share none.
    Two populations with the same seed hold the same people; give them different values of
    `prefix`, which starts every handle. `attributes` override those of every persona.

    The cost does not depend on `n`. There are 100 people; further personas combine the life
    of one with the interests and the temperament of others, a million combinations in all.

    Raises PersonaError when an argument cannot be used.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:
        raise PersonaError(f"sample(n={n!r}): n is how many personas to draw, 0 or more")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise PersonaError(f"sample(seed={seed!r}): a seed is a whole number")
    if (
        not isinstance(prefix, str)
        or not _PREFIX.fullmatch(prefix)
        or prefix.startswith((".", "-"))
    ):
        raise PersonaError(
            f"sample(prefix={prefix!r}): use at most 24 letters, digits, `_`, `.` and `-`, "
            "starting with a letter, a digit or `_`"
        )
    population = Population(range(n), seed, prefix, attributes)
    _check(population, attributes)
    return population


class Population(Sequence[Persona]):
    """A sequence of personas built on access; item i is the same in every process.

    `rows` are positions in the endless sequence that belongs to `seed`. Slices are populations
    too. A pickle holds only the arguments.
    """

    __slots__ = ("_attributes", "_prefix", "_rows", "_seed")

    def __init__(
        self, rows: range, seed: int, prefix: str, attributes: dict[str, Attribute]
    ) -> None:
        self._rows = rows
        self._seed = seed
        self._prefix = prefix
        self._attributes = attributes

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Persona: ...

    @overload
    def __getitem__(self, index: slice) -> "Population": ...

    def __getitem__(self, index: int | slice) -> "Persona | Population":
        if isinstance(index, slice):
            return Population(self._rows[index], self._seed, self._prefix, self._attributes)
        return self._build(self._rows[index])

    def handle(self, index: int) -> str:
        """Return the handle of one persona without building it."""
        return self._name(self._rows[index])

    def _name(self, row: int) -> str:
        lap, place = divmod(row, len(villagers()))
        name = self._prefix + villagers()[_order(self._seed)[place]].id
        if self._seed or lap:
            name += f"_{_seed_text(self._seed)}"
        return f"{name}_{lap}" if lap else name

    def _build(self, row: int) -> Persona:
        crowd = villagers()
        lap, place = divmod(row, len(crowd))
        first = _order(self._seed)[place]
        outer, inner = divmod(lap, len(crowd))
        # Every (first, temperament, interests) comes once before any comes again.
        borrowed = {
            "interests": crowd[(first + 37 * inner + outer) % len(crowd)].attributes["interests"],
            "temperament": crowd[(first + inner) % len(crowd)].attributes["temperament"],
        }
        # model_copy does not validate: the villagers and the added attributes were validated.
        return crowd[first].model_copy(
            update={
                "id": self._name(row),
                "attributes": crowd[first].attributes | borrowed | self._attributes,
            }
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Population) and self._arguments() == other._arguments()

    def __hash__(self) -> int:
        return hash((self._rows, self._seed, self._prefix))

    def __reduce__(self) -> tuple[type["Population"], tuple[object, ...]]:
        return Population, self._arguments()

    def __repr__(self) -> str:
        return f"<Population of {len(self)}, seed {self._seed}>"

    def _arguments(self) -> tuple[object, ...]:
        return self._rows, self._seed, self._prefix, self._attributes


@cache
def villagers() -> tuple[Persona, ...]:
    """Read the personas that ship with simnet, in the order of their file."""
    text = files("simnet.personas").joinpath("villagers.jsonl").read_text(encoding="utf-8")
    checksum = sha256(text.encode()).hexdigest()[:16]
    source = Source("simnet.sample", "simnet", "Apache-2.0", f"sha256:{checksum}")
    return tuple(Persona(**json.loads(line), source=source) for line in text.splitlines())


@lru_cache(maxsize=64)
def _order(seed: int) -> tuple[int, ...]:
    """Shuffle the villagers by hash, which is the same in every version of Python."""
    rank = [blake2b(f"{seed} {one.id}".encode()).digest() for one in villagers()]
    return tuple(sorted(range(len(rank)), key=rank.__getitem__))


@lru_cache(maxsize=64)
def _seed_text(seed: int) -> str:
    """Return a seed as text for handles; large or negative ones are hashed."""
    if 0 <= seed < 10**9:
        return str(seed)
    return "s" + blake2b(str(seed).encode(), digest_size=8).hexdigest()


def _check(population: Population, attributes: dict[str, Attribute]) -> None:
    """Validate one persona; all share the attributes and the prefix."""
    try:
        Persona(id="any", attributes=attributes)
        if len(population):
            _ = population[-1]
    except PersonaError as error:
        why = str(error).removeprefix("persona 'any': ")
        raise PersonaError(f"sample(): {why}") from None
