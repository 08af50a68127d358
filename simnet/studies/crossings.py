"""Which conditions of a study differ in one factor alone, and which in two.

The factors are the arms and the parameters. Values are compared with the first of their factor.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from math import prod
from typing import NamedTuple


class Comparison(NamedTuple):
    """Conditions to compare, and what they differ in."""

    name: str
    """Such as `loud minus quiet`, or `loud minus quiet, at size=200 less at size=100`."""
    arms: tuple[str, ...]
    """The labels of an arm and its baseline, then of the two that their difference is compared
    with, if there are."""


class Crossings:
    """The conditions of a study by the value that each factor has in them."""

    def __init__(self, labels: Sequence[str], parameters: Mapping[str, Sequence[object]]) -> None:
        """Take the labels: for each combination of parameters, of each arm."""
        named = [[f"{name}={value}" for value in values] for name, values in parameters.items()]
        arms = len(labels) // prod(map(len, named))
        first = f"[{','.join(values[0] for values in named)}]" if named else ""
        self._factors = [[label.removesuffix(first) for label in labels[:arms]], *named]
        orders = product(*(range(len(values)) for values in [*named, labels[:arms]]))
        self._labels = {
            (places[-1], *places[:-1]): label for places, label in zip(orders, labels, strict=True)
        }

    def differences(self) -> Iterator[Comparison]:
        """Yield the pairs of conditions that differ in one factor: a simple effect."""
        for (factor,), places in self._of(1):
            pair = [self._label(places, {factor: places[factor]}), self._label(places, {factor: 0})]
            yield Comparison(" minus ".join(pair), tuple(pair))

    def interactions(self) -> Iterator[Comparison]:
        """Yield the fours of conditions that differ in two factors: a 2x2 design."""
        for (factor, other), places in self._of(2):
            four = [
                self._label(places, {factor: one, other: two})
                for two in (places[other], 0)
                for one in (places[factor], 0)
            ]
            values, others = self._factors[factor], self._factors[other]
            equal = [
                own[place]
                for number, (own, place) in enumerate(zip(self._factors, places, strict=True))
                if number not in {factor, other} and len(own) > 1
            ]
            name = (
                f"{values[places[factor]]} minus {values[0]}, at {others[places[other]]} less at "
                f"{others[0]}"
            )
            yield Comparison(f"{name} ({', '.join(equal)})" if equal else name, tuple(four))

    def _of(self, count: int) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Yield so many factors, with the conditions in which none of them has its first value."""
        for factors in combinations(range(len(self._factors)), count):
            for places in self._labels:
                if all(places[factor] for factor in factors):
                    yield factors, places

    def _label(self, places: tuple[int, ...], changed: Mapping[int, int]) -> str:
        return self._labels[tuple(changed.get(at, place) for at, place in enumerate(places))]
