"""Networks among people who are alike: by vectors, by attributes, or in the same group."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import permutations

import numpy as np
import numpy.typing as npt

from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.personas.persona import Persona
from simnet.scenario.networks.arrays import (
    Edges,
    TieBuilder,
    attribute_of,
    check_share,
    drawn_apart,
    generator,
    moved,
    places,
)
from simnet.world.state.network import Indices

Vectors = npt.NDArray[np.float32]

MOST_COMPARED = 100_000
"""Most people of whom each is compared with each."""
_ROWS = 1024
"""Rows of the matrix of similarities that are in memory at once."""


@checked
def nearest(
    people: Sequence[Persona],
    by: Sequence[str] | npt.NDArray[np.floating],
    k: int = 10,
    random_share: float = 0.1,
) -> TieBuilder:
    """Let each follow the `k` others most like them, but a share of ties go to anyone.

    `by` is an array of the shape (people, dimensions), such as the vectors of their descriptions,
    compared by cosine; or names of attributes: numbers count in standard deviations, other values
    are equal or not. The graph of the k nearest neighbours is found exactly, and each of its ties
    is rewired to somebody drawn evenly with chance `random_share` (as in Watts & Strogatz 1998).
    That people tie to those alike is homophily (McPherson, Smith-Lovin & Cook 2001). Time grows
    with the square of the number of people.

    Raises ScenarioError for vectors that are not those of the people, a persona without an
    attribute, a `k` below 1, a share outside 0 to 1, and for more than 100,000 people.
    """
    check_share("nearest", random_share=random_share)
    count = len(people)
    if k < 1:
        raise ScenarioError(f"nearest(k={k}): let each follow 1 or more")
    if count > MOST_COMPARED:
        raise ScenarioError(
            f"nearest: {count:,} people are too many to compare each with each; build a network "
            f"for each group of at most {MOST_COMPARED:,} and put them `together`"
        )
    vectors = _by_attributes(people, by) if isinstance(by, Sequence) else _unit(by, count)
    followees = _nearest(vectors, min(k, count - 1))

    def build(handles: Sequence[str], seed: int) -> Edges:
        chance = generator(seed, "nearest", people, k, random_share)
        kept = chance.random(followees.shape) >= random_share
        rows, columns = np.nonzero(kept)
        others = drawn_apart(
            (~kept).sum(axis=1).astype(np.int32),
            lambda drawn: chance.integers(0, count, len(drawn), np.int32),
        )
        followers = np.concatenate([rows, others[0]])
        followed = np.concatenate([followees[rows, columns], others[1]])
        return moved((followers, followed), places(handles, people))

    return build


@checked
def within(
    people: Sequence[Persona], attribute: str = "household", chance: float = 1.0
) -> TieBuilder:
    """Let those who have the same value of an attribute follow each other, with a chance.

    Ties go both ways or not at all. An attribute that is a list has several groups; whoever lacks
    it is in none. See `personas.with_groups` for households.

    Raises ScenarioError for a chance outside 0 to 1 and an attribute that nobody has.
    """
    check_share("within", chance=chance)
    groups: dict[str, list[int]] = defaultdict(list)
    for place, persona in enumerate(people):
        value = persona.attributes.get(attribute)
        for one in value if isinstance(value, list) else [] if value is None else [str(value)]:
            groups[one].append(place)
    if people and not groups:
        raise ScenarioError(f"within({attribute!r}): nobody has that attribute; give it to them")
    pairs = {pair for members in groups.values() for pair in permutations(members, 2)}
    ends = np.array(sorted(pair for pair in pairs if pair[0] < pair[1]), np.int32).reshape(-1, 2)

    def build(handles: Sequence[str], seed: int) -> Edges:
        drawn = ends[generator(seed, "within", people, attribute).random(len(ends)) < chance]
        both = np.concatenate([drawn, drawn[:, ::-1]])
        return moved((both[:, 0], both[:, 1]), places(handles, people))

    return build


def _unit(vectors: npt.NDArray[np.floating], count: int) -> Vectors:
    if vectors.ndim != 2 or len(vectors) != count or not np.isfinite(vectors).all():
        raise ScenarioError(
            f"nearest(by=...): an array of the shape {vectors.shape} is not that of vectors of "
            f"{count} people; give finite numbers in the shape ({count}, dimensions)"
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.where(lengths, lengths, 1)).astype(np.float32)
    return unit


def _by_attributes(people: Sequence[Persona], names: Sequence[str]) -> Vectors:
    """Make vectors of which the distance is that of the attributes."""
    if isinstance(names, str) or not names:
        raise ScenarioError(f'nearest(by={names!r}): give a list of attributes, as in ["age"]')
    columns = []
    for name in names:
        values = [attribute_of(one, name) for one in people]
        if all(isinstance(one, int | float) and not isinstance(one, bool) for one in values):
            numbers = np.array(values, np.float32)
            columns.append(((numbers - numbers.mean()) / (numbers.std() or 1.0))[:, None])
        else:
            written = np.array([str(one) for one in values])
            columns.append((written[:, None] == np.unique(written)).astype(np.float32))
    vectors: Vectors = np.concatenate(columns, axis=1)
    return vectors


def _nearest(vectors: Vectors, k: int) -> Indices:
    """Return the positions of the k nearest of each, by Euclidean distance; ties by position."""
    count = len(vectors)
    if k < 1:
        return np.zeros((count, 0), np.int32)
    squares = np.einsum("ij,ij->i", vectors, vectors)
    found = np.empty((count, k), np.int32)
    for start in range(0, count, _ROWS):
        block = vectors[start : start + _ROWS]
        distance = squares - 2 * block @ vectors.T
        distance[np.arange(len(block)), start + np.arange(len(block))] = np.inf
        near = np.argpartition(distance, k - 1, axis=1)[:, :k]
        found[start : start + _ROWS] = np.sort(near, axis=1)
    return found
