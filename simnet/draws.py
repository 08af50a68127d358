"""Random draws as a function of a key: counter-based, with no state that is shared.

A draw depends on its key alone, such as (seed, persona, turn), and on no draw before it.
So adding a cohort, or placing personas on other machines, changes nobody else's draws.
Method: counter-based generation, Salmon et al. 2011 ("Parallel random numbers: as easy as
1, 2, 3"), here with BLAKE2b as the mixing function because it is in the standard library.
"""

from hashlib import blake2b
from typing import TypeAlias

Key: TypeAlias = str | int

_UNIT = 2.0**-53
_SAMPLING_SEEDS = 2**31 - 1
_EMPTY = blake2b(digest_size=8)
"""A copy of it costs a third of a new one."""


def bits(*key: Key) -> int:
    """Draw 64 bits for a key."""
    return _mixed("\x1f".join(map(str, key)))


def bits_of_turn(seed: int, who: str, turn: int) -> int:
    """Draw as `bits(seed, who, turn)` does, in half the time."""
    return _mixed(f"{seed}\x1f{who}\x1f{turn}")


def unit(*key: Key) -> float:
    """Draw a number in [0, 1) for a key."""
    return (bits(*key) >> 11) * _UNIT


def below(bound: int, *key: Key) -> int:
    """Draw an integer in [0, bound) for a key. Its bias is under bound / 2**64."""
    return bits(*key) * bound >> 64


def sampling_seed(*key: Key) -> int:
    """Draw the seed of a call to a model for a key, one that every backend takes."""
    return below(_SAMPLING_SEEDS, *key)


def _mixed(key: str) -> int:
    hashed = _EMPTY.copy()
    hashed.update(key.encode("utf-8", "surrogatepass"))
    return int.from_bytes(hashed.digest(), "little")


class Draw:
    """Draws for one purpose of one turn: each call returns the next number in [0, 1)."""

    __slots__ = ("_drawn", "_key")

    def __init__(self, seed: int, who: str, turn: int, purpose: str) -> None:
        self._key = (seed, who, turn, purpose)
        self._drawn = 0

    def __call__(self) -> float:
        """Draw the next number."""
        self._drawn += 1
        seed, who, turn, purpose = self._key
        key = f"{seed}\x1f{who}\x1f{turn}\x1f{purpose}\x1f{self._drawn}"  # as unit() would
        return (_mixed(key) >> 11) * _UNIT

    def shared(self, name: str, purpose: str) -> "Draw":
        """Return draws that are equal for everyone, keyed by a name such as that of a group."""
        return Draw(self._key[0], name, -1, purpose)

    def lasting(self, purpose: str) -> "Draw":
        """Return the draws of the same persona that are equal in all turns."""
        seed, who, *_ = self._key
        return Draw(seed, who, -1, purpose)


__all__ = [
    "Draw",
    "Key",
    "below",
    "bits",
    "unit",
]
