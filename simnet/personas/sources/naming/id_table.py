"""A table from texts to small numbers that keeps a checksum of each text in place of the text."""

from array import array

_LARGEST = 2**64 - 1
_FIRST_SIZE = 1024


class IdTable:
    """Numbers by text in 18 to 36 bytes a text, for files of tens of millions of ids.

    Texts are told apart by Python's 64-bit hash: of a million different texts, two are taken for
    one with a chance of 3 in 100 million. Open addressing with linear probing (Knuth, TAOCP 6.4).
    """

    def __init__(self) -> None:
        self._keys = array("Q", bytes(8 * _FIRST_SIZE))
        self._numbers = array("I", bytes(4 * _FIRST_SIZE))
        self._used = 0

    def add(self, text: str, number: int) -> int:
        """Give a text a number, 1 to 2**32 - 1, unless it has one; return that, else 0."""
        key = (hash(text) & _LARGEST) or 1
        slot = self._slot(key)
        if self._keys[slot]:
            return self._numbers[slot]
        self._keys[slot] = key
        self._numbers[slot] = number
        self._used += 1
        if 3 * self._used > 2 * len(self._keys):
            self._grow()
        return 0

    def put(self, text: str, number: int) -> None:
        """Change the number of a text that has one."""
        self._numbers[self._slot((hash(text) & _LARGEST) or 1)] = number

    def _slot(self, key: int) -> int:
        """Return where a key is, or where it would be."""
        keys, mask = self._keys, len(self._keys) - 1
        slot = key & mask
        while (found := keys[slot]) and found != key:
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        keys, numbers = self._keys, self._numbers
        self._keys = array("Q", bytes(16 * len(keys)))
        self._numbers = array("I", bytes(8 * len(keys)))
        for key, number in zip(keys, numbers, strict=True):
            if key:
                slot = self._slot(key)
                self._keys[slot] = key
                self._numbers[slot] = number
