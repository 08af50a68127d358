"""Similarity of texts: TF-IDF over words, character 4-grams and topics; needs no download.

A text becomes a sparse vector of hashed features: its words, the 4-grams of its words (so that
"tailor" and "tailoring" are near) and the topics of its words (so that "nurse" and "surgeon"
are near), each weighted by its inverse document frequency. Features are computed by numpy on
the code points of thousands of texts at once.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simnet.personas.topics import TOPICS

Codes: TypeAlias = NDArray[np.uint32]
Hashes: TypeAlias = NDArray[np.uint64]
Floats: TypeAlias = NDArray[np.float32]

BUCKETS = 1 << 20
TEXTS_AT_ONCE = 10_000
GRAM = 4
"""Characters of a 4-gram."""
GRAM_WEIGHT = 0.35
"""Weight of a 4-gram relative to a whole word."""
TOPIC_WEIGHT = 3.0
"""Weight of a topic relative to a word of the same frequency."""

_TOPIC_BUCKETS = 64
"""Buckets below this one are topics; above it, odd ones are words and even ones 4-grams."""
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)


class _Features(NamedTuple):
    """The distinct features of some texts, in the order of the texts, like a CSR matrix."""

    starts: NDArray[np.int64]
    """Start of each text's features, and the end of the last: shape (texts + 1,)."""
    buckets: NDArray[np.int32]
    weights: Floats


class TextIndex:
    """Finds the texts that are most similar to a text, by cosine similarity."""

    def __init__(self, texts: Sequence[str]) -> None:
        batches = [
            _features(texts[start : start + TEXTS_AT_ONCE])
            for start in range(0, len(texts), TEXTS_AT_ONCE)
        ]
        self._buckets = _joined([batch.buckets for batch in batches], np.int32)
        weights = _joined([batch.weights for batch in batches], np.float32)
        sizes = _joined([np.diff(batch.starts) for batch in batches], np.int64)
        self._row = np.repeat(np.arange(len(texts), dtype=np.int32), sizes)
        counts = np.bincount(self._buckets, minlength=BUCKETS)
        self._idf = np.log((1 + len(texts)) / (1 + counts)).astype(np.float32) + np.float32(1e-3)
        self._weights = weights * self._idf[self._buckets]
        norms = np.sqrt(np.bincount(self._row, self._weights**2, minlength=len(texts)))
        self._norms = np.maximum(norms, 1e-12)

    def nearest(self, text: str, limit: int) -> list[tuple[int, float]]:
        """List (position, cosine) of at most `limit` texts that share a feature with `text`.

        The most similar comes first; of equals, the earlier.
        """
        query = _features([text])
        weights = query.weights * self._idf[query.buckets]
        dense = np.zeros(BUCKETS, dtype=np.float32)
        dense[query.buckets] = weights
        products = dense[self._buckets] * self._weights
        scores = np.bincount(self._row, products, minlength=len(self._norms)) / self._norms
        scores /= max(float(np.sqrt(np.sum(weights**2))), 1e-12)
        best = np.argsort(-scores, kind="stable")[:limit]
        return [(int(row), min(float(scores[row]), 1.0)) for row in best if scores[row] > 0]


def _joined(parts: Sequence[NDArray[Any]], kind: type[Any]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, kind)


def _features(texts: Sequence[str]) -> _Features:
    """Count the features of each text; weight = (1 + log(count)) * weight of its kind."""
    lowered = [text.lower() for text in texts]
    joined = "\n".join([*lowered, ""])
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    row = np.repeat(np.arange(len(texts)), [len(text) + 1 for text in lowered])
    letter = _letters(codes)
    words = _words(codes, letter)
    grams, gram_at = _grams(codes, letter)
    topics, topic_at = _topics(words)
    hashes = np.concatenate([words.hashes(), grams])
    buckets = (_mixed(hashes) % np.uint64((BUCKETS - _TOPIC_BUCKETS) // 2)).astype(
        np.int64
    ) * 2 + _TOPIC_BUCKETS
    buckets[: len(words.starts)] += 1
    keys = row[np.concatenate([words.starts, gram_at, topic_at])] * BUCKETS
    keys, counts = np.unique(keys + np.concatenate([buckets, topics]), return_counts=True)
    rows, kept = np.divmod(keys, BUCKETS)
    kinds = np.where(kept < _TOPIC_BUCKETS, TOPIC_WEIGHT, np.where(kept % 2, 1.0, GRAM_WEIGHT))
    starts = np.searchsorted(rows, np.arange(len(texts) + 1))
    weights = (1 + np.log(counts)) * kinds
    return _Features(starts, kept.astype(np.int32), weights.astype(np.float32))


def _letters(codes: Codes) -> NDArray[np.bool_]:
    """Return which code points belong to words."""
    table = np.zeros(0x110000, dtype=np.bool_)
    present = np.flatnonzero(np.bincount(codes))
    table[present] = [chr(code).isalnum() for code in present.tolist()]
    return table[codes]


class _Words(NamedTuple):
    """Starts and ends of words, and prefix sums that give the hash of any part of a word."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    sums: Hashes

    def hashes(self) -> Hashes:
        """Hash every word."""
        return self.sums[self.ends] - self.sums[self.starts]


def _words(codes: Codes, letter: NDArray[np.bool_]) -> _Words:
    """Find the words; a hash is a difference of prefix sums, as in a polynomial rolling hash."""
    edges = np.diff(letter.astype(np.int8), prepend=np.int8(0), append=np.int8(0))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    heads = np.concatenate([[0], starts])
    place = np.arange(len(codes)) - np.repeat(heads, np.diff(np.append(heads, len(codes))))
    powers = np.cumprod(np.full(int(place.max(initial=0)) + 1, _BASE, dtype=np.uint64))
    spread = _mixed(codes.astype(np.uint64)) * powers[place]
    return _Words(starts, ends, np.concatenate([np.zeros(1, np.uint64), np.cumsum(spread)]))


def _topics(words: _Words) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List the topics of words, matched by their stems, and where those words start."""
    topics_found, at = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    lengths = words.ends - words.starts
    for length, whole, hashes, topics in _stems():
        fits = lengths == length if whole else lengths >= length
        starts = words.starts[fits]
        prefixes = words.sums[starts + length] - words.sums[starts]
        near = np.minimum(np.searchsorted(hashes, prefixes), len(hashes) - 1)
        hit = hashes[near] == prefixes
        topics_found.append(topics[near[hit]])
        at.append(starts[hit])
    return np.concatenate(topics_found), np.concatenate(at)


@cache
def _stems() -> list[tuple[int, bool, Hashes, NDArray[np.int64]]]:
    """Group the stems by length and by whether they are whole words; sort each by hash."""
    groups: dict[tuple[int, bool], list[tuple[int, int]]] = {}
    for topic, stems in enumerate(TOPICS.values()):
        for stem in stems.split():
            bare = stem.removesuffix("$")
            codes = np.frombuffer(bare.encode("utf-32-le"), dtype=np.uint32)
            digest = int(_words(codes, np.ones(len(codes), np.bool_)).hashes()[0])
            groups.setdefault((len(bare), bare != stem), []).append((digest, topic))
    return [
        (*key, np.array([one for one, _ in pairs], np.uint64), np.array([one for _, one in pairs]))
        for key, pairs in ((key, sorted(pairs)) for key, pairs in groups.items())
    ]


def _grams(codes: Codes, letter: NDArray[np.bool_]) -> tuple[Hashes, NDArray[np.int64]]:
    """Hash all 4-grams within words; return the hashes and where each starts."""
    if len(codes) < GRAM:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    size = len(codes) - GRAM + 1
    whole = np.ones(size, dtype=np.bool_)
    for step in range(GRAM):
        whole &= letter[step : step + size]
    at = np.flatnonzero(whole)
    hashes = np.zeros(len(at), dtype=np.uint64)
    for step in range(GRAM):
        hashes = hashes * _BASE + codes[at + step]
    return hashes, at


def _mixed(values: Hashes) -> Hashes:
    """Mix the bits of hashes (xor-shift and multiply, as in splitmix)."""
    values = (values ^ (values >> np.uint64(32))) * _MIX
    values = (values ^ (values >> np.uint64(32))) * _MIX
    return values ^ (values >> np.uint64(32))
