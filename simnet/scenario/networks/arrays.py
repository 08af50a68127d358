"""What all network builders share: positions of personas, draws without repeats."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from simnet import draws
from simnet.errors import ScenarioError
from simnet.personas.persona import Attribute, Persona
from simnet.personas.population import Population
from simnet.world.state.network import Indices, Keys
from simnet.world.state.network import distinct as distinct_keys

Edges: TypeAlias = tuple[Indices, Indices]
"""Positions of followers, of followees."""
TieBuilder: TypeAlias = Callable[[Sequence[str], int], Edges]
"""Make a network: (handles, seed) -> positions of followers, of followees."""
Ties: TypeAlias = Sequence[tuple[str, str]]
"""Who follows whom: pairs (follower, followee) of handles."""
People: TypeAlias = Sequence[Persona] | None
"""Who is in it; None is everybody."""

ROUNDS = 16
"""How often repeated draws are drawn again; a few may stay missing among few members."""


def generator(seed: int, name: str, people: People, *parameters: object) -> np.random.Generator:
    """Make the random generator of one builder; see `builder_bits`."""
    return np.random.Generator(np.random.Philox(key=builder_bits(seed, name, people, *parameters)))


def builder_bits(seed: int, name: str, people: People, *parameters: object) -> int:
    """Draw 64 bits for a builder, keyed by its name, whom it is for and its parameters.

    So two builders in one network draw apart, and each draws the same beside any others.
    """
    return draws.bits(seed, "network", name, members_hash(people), *map(repr, parameters))


def members_hash(people: People) -> str:
    """Hash the handles of some people; an empty text for everybody."""
    if people is None:
        return ""
    members = blake2b(digest_size=8)
    for handle in _handles(people):
        members.update(f"{handle}\n".encode())
    return members.hexdigest()


def places(handles: Sequence[str], people: People) -> Indices:
    """Find the positions of `people` among `handles`.

    Raises ScenarioError if one of them is in no cohort.
    """
    if people is None:
        return np.arange(len(handles), dtype=np.int32)
    index = {handle: position for position, handle in enumerate(handles)}
    try:
        return np.array([index[handle] for handle in _handles(people)], np.int32)
    except KeyError as error:
        raise ScenarioError(
            f"a network is among @{error.args[0]}, who is in no cohort; build it from the "
            "personas of the cohorts"
        ) from None


def _handles(people: Sequence[Persona]) -> list[str]:
    if isinstance(people, Population):
        return [people.handle(position) for position in range(len(people))]
    return [persona.id for persona in people]


def moved(edges: tuple[npt.NDArray[np.integer], ...], to: Indices) -> Edges:
    """Turn positions among some people into positions among everybody."""
    followers, followees = edges
    return to[followers], to[followees]


def both_ways(ends: npt.NDArray[np.integer]) -> tuple[npt.NDArray[np.integer], ...]:
    """Make two ties of each undirected edge; `ends` has the shape (edges, 2)."""
    return np.concatenate([ends[:, 0], ends[:, 1]]), np.concatenate([ends[:, 1], ends[:, 0]])


def attribute_of(persona: Persona, attribute: str) -> Attribute:
    """Return an attribute. Raises ScenarioError, listing the persona's attributes, without it."""
    value = persona.attributes.get(attribute)
    if value is None:
        names = ", ".join(persona.attributes) or "none"
        raise ScenarioError(
            f"@{persona.id} has no attribute {attribute!r}, by which a network is drawn; "
            f"their attributes are: {names}"
        )
    return value


def drawn_apart(wanted: Indices, draw: Callable[[Indices], Indices]) -> tuple[Keys, Keys]:
    """Draw `wanted[row]` different columns for each row, none equal to the row itself.

    `draw` returns a column for each row of its argument. Repeated columns are drawn again,
    `ROUNDS` times at most.
    """
    members = len(wanted)
    first: Keys = np.zeros(0, np.int64)
    more: Keys = first
    missing = wanted
    for _ in range(ROUNDS):
        rows = np.repeat(np.arange(members, dtype=np.int32), missing)
        if not len(rows):
            break
        columns = draw(rows)
        keys = rows.astype(np.int64) * members + columns
        keys = distinct_keys(keys[rows != columns])
        if len(first):
            more = distinct_keys(np.concatenate([more, keys[~holds(first, keys)]]))
        else:
            first = keys
        had = np.bincount(first // members, minlength=members)
        had += np.bincount(more // members, minlength=members)
        missing = np.maximum(wanted - had, 0)
    keys = np.concatenate([first, more])
    return keys // max(members, 1), keys % max(members, 1)


def holds(keys: Keys, queries: Keys) -> npt.NDArray[np.bool_]:
    """Mark those of `queries` that are among `keys`, which ascend."""
    if not len(keys):
        return np.zeros(len(queries), np.bool_)
    at = np.minimum(np.searchsorted(keys, queries), len(keys) - 1)
    held: npt.NDArray[np.bool_] = keys[at] == queries
    return held


def successes(chance: np.random.Generator, trials: int, share: float) -> Keys:
    """Draw which of many trials succeed, by the gaps between them (Batagelj & Brandes 2005)."""
    if not (share and trials):
        return np.zeros(0, np.int64)
    found: list[Keys] = []
    last = -1
    while last < trials:
        expected = (trials - last) * share
        gaps = chance.geometric(share, int(expected + 6 * expected**0.5) + 16)
        found.append(last + np.cumsum(np.minimum(gaps, trials)))
        last = int(found[-1][-1])
    drawn = np.concatenate(found)
    return drawn[drawn < trials]


def check_share(where: str, **shares: float) -> None:
    """Raise ScenarioError unless each is in 0 to 1."""
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise ScenarioError(f"{where}({name}={share}): give a number in 0 to 1")


def check_mean(where: str, mean: float) -> None:
    """Raise ScenarioError unless a mean number of ties is finite and not negative."""
    if not 0 <= mean < float("inf"):
        raise ScenarioError(f"{where}(mean={mean}): give a mean number of ties, 0 or more")
