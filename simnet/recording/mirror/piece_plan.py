"""How a growing file is divided into objects, so that neither these nor what goes up grow much."""

from collections.abc import Sequence
from typing import NamedTuple

MERGED = 8
"""So many neighbouring pieces of about one size become one."""


class Range(NamedTuple):
    """A range of a file that becomes an object, in the place of all pieces from its offset on."""

    offset: int
    bytes: int


def next_range(sizes: Sequence[int], size: int) -> Range | None:
    """Return the range that has to go up; None if nothing has grown.

    `sizes` are those of the pieces that are there, `size` is that of the file now. Each byte goes
    up again once for every eightfold of its piece: a file of n pieces of one size has at most
    8 log n objects.
    """
    reached = sum(sizes)
    if size <= reached:
        return None
    pieces = [*sizes, size - reached]
    while len(pieces) >= MERGED and all(
        _level(one) <= _level(pieces[-1]) for one in pieces[-MERGED:]
    ):
        pieces[-MERGED:] = [sum(pieces[-MERGED:])]
    return Range(size - pieces[-1], pieces[-1])


def _level(size: int) -> int:
    """Return a class of sizes, each eight times the one below."""
    return size.bit_length() // 3
