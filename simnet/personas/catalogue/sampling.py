"""Draws of a part of a population: at random, by quota, by diversity, and stratified splits.

A draw is a function of the seed and of ids: each persona has a number from both, and the lowest
are taken. So a draw is the same on every machine, whatever the order of the rows, and changes
little when personas are added.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from simnet.draws import bits
from simnet.errors import UsageError
from simnet.foundation.text import did_you_mean

NONE = ""
"""The value of those who have none."""


def shuffled(ids: Sequence[str], seed: int) -> list[int]:
    """Return the places of ids in an order drawn from the seed."""
    return sorted(range(len(ids)), key=lambda row: (bits(seed, "sample", ids[row]), ids[row]))


def by_quota(
    ids: Sequence[str], values: Sequence[Sequence[str]], quotas: Mapping[str, int], seed: int
) -> list[int]:
    """Draw so many of each value; one who has several counts for one of them.

    They are taken in an order drawn from the seed, each if all taken so far can still be counted
    (the greedy algorithm of a transversal matroid), so the quotas are filled if that is possible.
    Raises UsageError for a value nobody has, and where there are too few.
    """
    counts = Counter(value for several in values for value in set(several))
    for value, wanted in quotas.items():
        if wanted < 0:
            raise UsageError(f"the quota of {value!r} is {wanted}; give 0 or more")
        if value not in counts and wanted:
            hint = did_you_mean(value, counts)
            raise UsageError(f"nobody has {value!r}, of which {wanted} are wanted{hint}")
        if counts[value] < wanted:
            raise UsageError(f"{wanted} with {value!r} are wanted, and there are {counts[value]}")
    counting, total, taken = _Counting(values, quotas), sum(quotas.values()), list[int]()
    for row in shuffled(ids, seed):
        if len(taken) == total:
            break
        if counting.place(row, set()):
            taken.append(row)
    if len(taken) < total:
        raise UsageError(
            f"the quotas are {total} in all, and {len(taken)} can be filled, as those who have "
            "several of the values count for one"
        )
    return taken


class _Counting:
    """Which value each of those taken counts for; they are moved to make room."""

    def __init__(self, values: Sequence[Sequence[str]], quotas: Mapping[str, int]) -> None:
        self._values = values
        self._room = dict(quotas)
        self._movable: dict[str, list[int]] = {value: [] for value in quotas}
        """By value, those who count for it and have another."""

    def place(self, row: int, tried: set[str]) -> bool:
        """Count one for a value that is not tried yet, if there is or can be made room."""
        for value in self._values[row]:
            if value in tried or value not in self._room:
                continue
            tried.add(value)
            if self._room[value]:
                self._room[value] -= 1
                self._count(row, value)
                return True
            for other in self._movable[value]:
                if self.place(other, tried):
                    self._movable[value].remove(other)
                    self._count(row, value)
                    return True
        return False

    def _count(self, row: int, value: str) -> None:
        if len(self._values[row]) > 1:
            self._movable[value].append(row)


def equal_quotas(values: Sequence[Sequence[str]], size: int) -> dict[str, int]:
    """Divide a size equally among all values; what a rare one lacks goes to more common ones.

    Where many have several values, there may be too few to fill these quotas.
    """
    counts = Counter(value for several in values for value in set(several))
    if not counts:
        raise UsageError("nobody has a value of that field, so there is nothing to divide by")
    quotas: dict[str, int] = {}
    rarest_first = sorted(counts, key=lambda name: (counts[name], name))
    for place, name in enumerate(rarest_first):
        share = (size - sum(quotas.values())) // (len(counts) - place)
        quotas[name] = min(counts[name], share)
    return quotas


def diverse(ids: Sequence[str], vectors: NDArray[np.float32], size: int, seed: int) -> list[int]:
    """Draw those who are furthest apart: the greedy 2-approximation of the k-centre problem.

    The first is drawn at random; each next is the one whose nearest chosen vector is the furthest
    (Gonzalez 1985, "Clustering to minimize the maximum intercluster distance"). `vectors` has
    unit rows or rows of zeros: shape (n, d). The time is proportional to n * d * size.
    """
    order = shuffled(ids, seed)
    chosen = order[:1] if size else []
    nearest = np.full(len(ids), -np.inf, np.float32)
    while len(chosen) < size:
        np.maximum(nearest, vectors @ vectors[chosen[-1]], out=nearest)
        nearest[chosen[-1]] = np.inf
        chosen.append(int(nearest.argmin()))
    return chosen


def stratified(
    ids: Sequence[str], strata: Sequence[str], shares: Mapping[str, float], seed: int
) -> dict[str, list[int]]:
    """Divide all into parts of given shares, each stratum as nearly in these shares as it can be.

    What is left over of a stratum by rounding goes to the parts that are furthest behind their
    share of all. Raises UsageError for shares that are not positive or do not add up to 1.
    """
    if not shares or min(shares.values()) <= 0 or not math.isclose(sum(shares.values()), 1):
        raise UsageError(f"shares are {dict(shares)}; give positive ones that add up to 1")
    parts: dict[str, list[int]] = {name: [] for name in shares}
    by_stratum: dict[str, list[int]] = {}
    for row in shuffled(ids, seed):
        by_stratum.setdefault(strata[row], []).append(row)
    seen = 0
    for name in sorted(by_stratum):
        rows = by_stratum[name]
        seen += len(rows)
        counts = {part: int(share * len(rows) + 1e-9) for part, share in shares.items()}
        for _ in range(len(rows) - sum(counts.values())):
            behind = {part: shares[part] * seen - len(parts[part]) - counts[part] for part in parts}
            counts[max(behind, key=lambda part: behind[part])] += 1
        at = 0
        for part, count in counts.items():
            parts[part] += rows[at : at + count]
            at += count
    return parts


def enough(available: int, size: int) -> None:
    """Raise UsageError if there are fewer than wanted."""
    if size < 0 or size > available:
        raise UsageError(f"{size} are wanted, and there are {available} to draw from")
