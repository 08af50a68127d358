"""Iterative proportional fitting: a table with given margins that is otherwise like another."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Table = npt.NDArray[np.float64]

ROUNDS = 1000
CLOSE = 1e-9
"""Largest difference of a share from its target at which fitting ends."""


def fitted(table: Table, margins: Sequence[Table]) -> Table:
    """Scale a table along each axis in turn until its margins are those given.

    `margins` has an array of shares, which sum to 1, for each axis. The result sums to 1 and keeps
    the odds ratios of the table; cells of 0 stay 0. Where no table has these margins, the result
    is what `ROUNDS` rounds lead to; see `worst`. Deming & Stephan 1940, "On a least squares
    adjustment of a sampled frequency table when the expected marginal totals are known".
    """
    shares: Table = table / table.sum()
    for _ in range(ROUNDS):
        for axis, target in enumerate(margins):
            found = margin(shares, axis)
            scale = np.divide(target, found, out=np.zeros_like(target), where=found > 0)
            shares *= scale.reshape([-1 if one == axis else 1 for one in range(table.ndim)])
        if worst(shares, margins)[0] <= CLOSE:
            break
    return shares


def margin(table: Table, axis: int) -> Table:
    """Sum a table over all axes but one."""
    total: Table = table.sum(axis=tuple(one for one in range(table.ndim) if one != axis))
    return total


def worst(table: Table, margins: Sequence[Table]) -> tuple[float, int, int]:
    """Return the largest difference from a target, with its axis and its place there."""
    gaps = [np.abs(margin(table, axis) - target) for axis, target in enumerate(margins)]
    axis = max(range(len(gaps)), key=lambda one: float(gaps[one].max()))
    return float(gaps[axis].max()), axis, int(gaps[axis].argmax())


def rounded(expected: Table) -> npt.NDArray[np.int64]:
    """Round a table of expected counts to whole ones with the same total.

    No cell differs from what is expected by 1 or more. Of the cells to round up, each in turn is
    the one that brings the margins closest to what is expected.
    """
    counts = np.floor(expected + CLOSE).astype(np.int64)
    axes = range(expected.ndim)
    wanted = [margin(expected, axis) for axis in axes]
    rest = expected - counts
    for _ in range(round(float(expected.sum())) - int(counts.sum())):
        lacking = rest.copy()
        for axis in axes:
            missing = wanted[axis] - margin(counts.astype(np.float64), axis)
            lacking += missing.reshape([-1 if one == axis else 1 for one in axes])
        lacking[rest <= CLOSE] = -np.inf
        cell = np.unravel_index(int(lacking.argmax()), lacking.shape)
        counts[cell] += 1
        rest[cell] = 0.0
    return counts
