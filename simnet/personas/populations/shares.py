"""Samples personas to target shares of attributes, such as those of a census."""

import math
import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from simnet.errors import PersonaError
from simnet.foundation.arguments import checked
from simnet.foundation.text import counted, did_you_mean
from simnet.personas.names import MAX_LENGTH
from simnet.personas.persona import Attribute, Persona

if TYPE_CHECKING:
    from simnet.personas.populations.proportional_fitting import Table

_SPAN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:-|to|\u2013)\s*(\d+(?:\.\d+)?)\s*")
_OPEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)\s*\+|<\s*(\d+(?:\.\d+)?))\s*")
_CLOSE_ENOUGH = 1e-6


@checked
def sample_to_shares(
    people: Sequence[Persona],
    n: int,
    shares: Mapping[str, Mapping[str, float]],
    *,
    seed: int = 0,
    repeats: bool = False,
) -> list[Persona]:
    """Draw `n` personas whose attributes have given shares.

    `shares` has weights by value for each attribute: `{"gender": {"female": 0.51, "male": 0.49},
    "age": {"18-29": 20, "30-64": 55, "65+": 25}}`; they are divided by their sum. A number belongs
    to `18-29` (both included, fractions up to 30), `65+` or `<18`. Whoever has a value without a
    weight, or none, is not drawn.

    How many of each combination are drawn is found by iterative proportional fitting (Deming &
    Stephan 1940), which keeps how the attributes go together among `people`, and rounded so that
    the shares stay as close as whole people allow. Who they are is drawn evenly from `seed`, each
    once; `repeats` lets somebody be drawn again, as `ann-2`. They come in a shuffled order.

    Raises PersonaError, which names attribute and value, for shares that nobody can fill.
    """
    if n < 1:
        raise PersonaError(f"sample_to_shares(n={n}): give 1 or more people to draw")
    targets = {name: _normalised(name, weights) for name, weights in shares.items()}
    if not targets:
        raise PersonaError('sample_to_shares(shares={}): name an attribute: {"age": {"18-29": 1}}')
    cells = _cells(people, targets)
    counts = _counts(cells, n, targets)
    chance = random.Random(f"sample_to_shares {seed}")  # noqa: S311 (draws people, no secrets)
    drawn: list[Persona] = []
    for cell, count in sorted(counts.items()):
        drawn += _drawn(cells[cell], count, chance, _named(cell, targets), repeats=repeats)
    chance.shuffle(drawn)
    return _apart(drawn)


@checked
def shares_of(
    people: Sequence[Persona], shares: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """Return the shares that some people have, of the attributes and values of `shares`."""
    found: dict[str, dict[str, float]] = {}
    for name, weights in shares.items():
        places = [_place(one.attributes.get(name), list(weights)) for one in people]
        known = [place for place in places if place is not None]
        found[name] = {
            value: known.count(place) / max(1, len(known)) for place, value in enumerate(weights)
        }
    return found


def _normalised(name: str, weights: Mapping[str, float]) -> dict[str, float]:
    for value, weight in weights.items():
        if not 0 <= weight < math.inf:
            raise PersonaError(f"shares: {name}={value} is {weight}; give 0 or more")
    total = sum(weights.values())
    if total <= 0:
        raise PersonaError(f"shares: those of {name!r} sum to {total:g}; give one of them more")
    return {value: weight / total for value, weight in weights.items()}


def _place(value: Attribute, names: Sequence[str]) -> int | None:
    """Find which of some values, or spans of numbers, an attribute belongs to."""
    if value is None or isinstance(value, list):
        return None
    written = str(value).strip().casefold()
    for place, name in enumerate(names):
        if name.strip().casefold() == written:
            return place
    try:
        number = float(written)
    except ValueError:
        return None
    return next((place for place, name in enumerate(names) if _holds(name, number)), None)


def _holds(name: str, number: float) -> bool:
    if span := _SPAN.fullmatch(name):
        return float(span[1]) <= number < float(span[2]) + ("." not in span[2]) or (
            number == float(span[2])
        )
    if span := _OPEN.fullmatch(name):
        return number >= float(span[1]) if span[1] else number < float(span[2])
    return False


def _cells(
    people: Sequence[Persona], targets: Mapping[str, Mapping[str, float]]
) -> dict[tuple[int, ...], list[Persona]]:
    """Sort people by the combination of their values."""
    cells: dict[tuple[int, ...], list[Persona]] = defaultdict(list)
    names = {name: list(target) for name, target in targets.items()}
    for one in people:
        places = [_place(one.attributes.get(name), values) for name, values in names.items()]
        cell = tuple(place for place in places if place is not None)
        if len(cell) == len(places):
            cells[cell].append(one)
    for axis, (name, target) in enumerate(targets.items()):
        found = {cell[axis] for cell in cells}
        for place, (value, share) in enumerate(target.items()):
            if share > 0 and place not in found:
                raise PersonaError(_nobody(people, name, value))
    return dict(cells)


def _nobody(people: Sequence[Persona], name: str, value: str) -> str:
    values = {str(one.attributes[name]) for one in people if name in one.attributes}
    if not values:
        names = {attribute for one in people for attribute in one.attributes}
        hint = did_you_mean(name, names) or f"; there are {', '.join(sorted(names)) or 'none'}"
        return f"shares: nobody has an attribute {name!r}{hint}"
    shown = ", ".join(islice(sorted(values), 8))
    return (
        f"shares: nobody with {name}={value} has a value with a share of every other attribute; "
        f"{name} is {shown}{' and so on' if len(values) > 8 else ''}; give people of that kind or "
        "a share of 0"
    )


def _counts(
    cells: Mapping[tuple[int, ...], Sequence[Persona]],
    n: int,
    targets: Mapping[str, Mapping[str, float]],
) -> dict[tuple[int, ...], int]:
    """Find how many to draw of each combination."""
    import numpy as np  # noqa: PLC0415  (slow to import)

    from simnet.personas.populations.proportional_fitting import fitted, margin, rounded, worst  # noqa: PLC0415

    table: Table = np.zeros([len(target) for target in targets.values()])
    for cell, members in cells.items():
        table[cell] = len(members)
    margins = [np.array(list(target.values())) for target in targets.values()]
    shares = fitted(table, margins)
    gap, axis, place = worst(shares, margins)
    if gap > _CLOSE_ENOUGH:
        name = list(targets)[axis]
        value = list(targets[name])[place]
        got = float(margin(shares, axis)[place])
        raise PersonaError(
            f"shares: no sample has all of them: {name}={value} comes to {got:.1%} in place of "
            f"{margins[axis][place]:.1%}, as some combinations of values have nobody; give people "
            "of these or other shares"
        )
    counts = rounded(shares * n)
    return {cell: int(counts[cell]) for cell in cells if counts[cell]}


def _named(cell: Sequence[int], targets: Mapping[str, Mapping[str, float]]) -> str:
    pairs = zip(targets.items(), cell, strict=True)
    return " and ".join(f"{name}={list(target)[place]}" for (name, target), place in pairs)


def _drawn(
    members: Sequence[Persona], count: int, chance: random.Random, what: str, *, repeats: bool
) -> list[Persona]:
    """Draw from a combination; everybody once before anybody comes again."""
    if count > len(members) and not repeats:
        raise PersonaError(
            f"shares: {count} with {what} are to be drawn, and there "
            f"{'is' if len(members) == 1 else 'are'} {counted(len(members), 'persona')}; draw "
            "fewer, give more people, or let them repeat with repeats=True"
        )
    drawn: list[Persona] = []
    while len(drawn) < count:
        drawn += chance.sample(members, min(len(members), count - len(drawn)))
    return drawn


def _apart(drawn: Sequence[Persona]) -> list[Persona]:
    """Give those drawn again handles of their own."""
    taken = {one.id for one in drawn}
    seen: dict[str, int] = {}
    apart = []
    for one in drawn:
        number = seen[one.id] = seen.get(one.id, 0) + 1
        handle = one.id
        while number > 1 and handle in taken:
            handle = f"{one.id[: MAX_LENGTH - 9]}-{number}"
            number += 1
        taken.add(handle)
        apart.append(one if handle == one.id else one.model_copy(update={"id": handle}))
    return apart
