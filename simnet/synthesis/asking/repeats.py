"""Finds results that repeat an earlier one, exactly or nearly.

Exact repeats have the same words in the same order, whatever their case and punctuation. Near
repeats are found by MinHash with locality-sensitive hashing (Broder 1997; the package `datasketch`,
extra `catalogue`), on the words and the pairs of neighbouring words. Without that package near
repeats have the same set of content words. What is a repeat depends on the order of the results,
which is that of the input.
"""

import re
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

MINHASH, WORDS, EXACT = "MinHash", "equal sets of words", "equal texts"
"""How near repeats are found."""
THRESHOLD = 0.8
"""Jaccard similarity from which on two texts are near repeats."""
_PERMUTATIONS = 64
_WORD = re.compile(r"\w+")
_SHORT = 3
"""Words of up to so many characters are not content words."""


class Repeats:
    """The results so far, as hashes: 16 bytes for each, and about 1 KB more with MinHash."""

    def __init__(self, *, near: bool = True, threshold: float = THRESHOLD) -> None:
        """Look for exact repeats, and for near ones unless `near` is false."""
        self._exact: set[bytes] = set()
        self._word_sets: set[bytes] = set()
        self._index: Any = None
        self.method = EXACT
        if near:
            self.method = MINHASH if find_spec("datasketch") else WORDS
        if self.method == MINHASH:
            from datasketch import MinHashLSH  # noqa: PLC0415  (an extra; slow)

            self._index = MinHashLSH(threshold=threshold, num_perm=_PERMUTATIONS)

    def add(self, text: str) -> str | None:
        """Return `exact` or `near` if a text repeats an earlier one; else remember it."""
        words = _WORD.findall(text.casefold())
        key = _hash(" ".join(words))
        if key in self._exact:
            return "exact"
        if self._is_near(words, key):
            return "near"
        self._exact.add(key)
        return None

    def _is_near(self, words: list[str], key: bytes) -> bool:
        """Whether an earlier text is nearly this one; if none is, remember it."""
        if self.method == WORDS:
            known = _hash(" ".join(sorted({word for word in words if len(word) > _SHORT})))
            if known in self._word_sets:
                return True
            self._word_sets.add(known)
        elif self.method == MINHASH:
            sketch = _sketch(words)
            if self._index.query(sketch):
                return True
            self._index.insert(key, sketch)
        return False


def _sketch(words: list[str]) -> Any:
    sketch = _empty_sketch().copy()
    shingles = {*words, *(" ".join(pair) for pair in pairwise(words))}
    sketch.update_batch([shingle.encode("utf-8", "surrogatepass") for shingle in shingles])
    return sketch


@cache
def _empty_sketch() -> Any:
    """Return a sketch of nothing; drawing its permutations takes longer than filling it."""
    from datasketch import MinHash  # noqa: PLC0415

    return MinHash(num_perm=_PERMUTATIONS)


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
