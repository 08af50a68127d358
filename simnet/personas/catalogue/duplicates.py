"""Texts that say what an earlier text says: the same, or nearly the same."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simnet.errors import UsageError
from simnet.foundation.distribution import install_command

_BLANKS = re.compile(r"\W+")
SHINGLE = 5
"""Characters of a shingle, counted without case and punctuation."""
PERMUTATIONS = 128
"""Hash functions of a MinHash; the standard error of its estimate is 1 / sqrt(128) = 0.09."""
MOST_COMPARED = 200_000
"""Texts up to which vectors are compared, as their number of pairs grows with the square."""
_BLOCK = 1_024


class Pair(NamedTuple):
    """A text and an earlier one that says the same, by their places."""

    row: int
    of: int
    score: float


def equal_texts(texts: Sequence[str | None]) -> Iterator[Pair]:
    """Yield the texts that are equal to an earlier one but for case, blanks and punctuation.

    Texts without a letter or a digit are left out.
    """
    first: dict[str, int] = {}
    for row, text in enumerate(texts):
        if bare := _bare(text):
            of = first.setdefault(bare, row)
            if of != row:
                yield Pair(row, of, 1.0)


def near_texts(texts: Sequence[str | None], threshold: float) -> Iterator[Pair]:
    """Yield the texts whose shingles have a Jaccard similarity to those of a kept one.

    Candidates are found by MinHash and locality-sensitive hashing (Broder 1997; Leskovec et al.,
    "Mining of Massive Datasets", chapter 3) and compared exactly. Raises UsageError if datasketch
    is not installed.
    """
    try:
        from datasketch import MinHash, MinHashLSH  # noqa: PLC0415 - of the extra
    except ImportError:
        raise UsageError(
            "near duplicates are found with datasketch, which is not installed; install it, in a "
            f"clone of simnet: {install_command('catalogue')}"
        ) from None
    kept = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
    shingles: dict[int, frozenset[bytes]] = {}
    for row, text in enumerate(texts):
        own = _shingles(_bare(text))
        if not own:
            continue
        sketch = MinHash(num_perm=PERMUTATIONS, seed=1)
        sketch.update_batch(own)
        scored = [(_jaccard(own, shingles[of]), -of) for of in kept.query(sketch)]
        score, of = max(scored, default=(0.0, 0))
        if score >= threshold:
            yield Pair(row, -of, score)
        else:
            kept.insert(row, sketch)
            shingles[row] = own


def near_vectors(vectors: NDArray[np.float32], threshold: float) -> Iterator[Pair]:
    """Yield the rows whose cosine similarity to a kept row reaches a threshold.

    `vectors` has unit rows, or rows of zeros, which are like nothing: shape (n, d). All pairs are
    compared, in blocks. Raises UsageError for more than 200,000 rows.
    """
    if len(vectors) > MOST_COMPARED:
        raise UsageError(
            f"{len(vectors):,} vectors are too many to compare them all; use the method minhash, "
            f"or a filter that leaves at most {MOST_COMPARED:,}"
        )
    dropped = np.zeros(len(vectors), np.bool_)
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        scores = block @ vectors[: start + len(block)].T
        for place in np.flatnonzero((scores >= threshold).sum(axis=1) > 0):
            row = start + int(place)
            earlier = np.where(dropped[:row], -1.0, scores[place, :row])
            if row and earlier.max() >= threshold:
                dropped[row] = True
                of = int(earlier.argmax())
                yield Pair(row, of, min(1.0, float(earlier[of])))


def _bare(text: str | None) -> str:
    return _BLANKS.sub(" ", (text or "").casefold()).strip()


def _shingles(bare: str) -> frozenset[bytes]:
    if not bare:
        return frozenset()
    starts = range(max(1, len(bare) - SHINGLE + 1))
    return frozenset(bare[start : start + SHINGLE].encode() for start in starts)


def _jaccard(one: frozenset[bytes], other: frozenset[bytes]) -> float:
    return len(one & other) / len(one | other)
