"""Likeness of texts by their words and parts of words, with nothing to download.

A text becomes a sparse vector: hashes of its words, hashes of the four-letter pieces of its
words (so that "tailor" and "tailoring" are near), and the topics its words tell (so that a
nurse and a surgeon are near), each weighted by how rare it is. All of it is array arithmetic
on the code points of thousands of texts at once.
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
PIECE = 4
PIECE_WEIGHT = 0.35
"""What a piece of a word weighs beside a whole word."""
TOPIC_WEIGHT = 3.0
"""What a topic weighs beside a word as rare."""

_FIRST = 64
"""Buckets below this one are topics; above it, odd ones are words and even ones pieces."""
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)


class _Features(NamedTuple):
    """The distinct features of some texts, in the order of the texts."""

    starts: NDArray[np.int64]
    """Where the features of each text start, and where the last one's end: texts + 1 of them."""
    buckets: NDArray[np.int32]
    weights: Floats


class TextIndex:
    """Finds the texts most like a text."""

    def __init__(self, texts: Sequence[str]) -> None:
        found = [
            _features(texts[start : start + TEXTS_AT_ONCE])
            for start in range(0, len(texts), TEXTS_AT_ONCE)
        ]
        self._buckets = _joined([one.buckets for one in found], np.int32)
        weights = _joined([one.weights for one in found], np.float32)
        sizes = _joined([np.diff(one.starts) for one in found], np.int64)
        self._row = np.repeat(np.arange(len(texts), dtype=np.int32), sizes)
        counts = np.bincount(self._buckets, minlength=BUCKETS)
        self._rarity = np.log((1 + len(texts)) / (1 + counts)).astype(np.float32) + np.float32(1e-3)
        self._weights = weights * self._rarity[self._buckets]
        norms = np.sqrt(np.bincount(self._row, self._weights**2, minlength=len(texts)))
        self._norms = np.maximum(norms, 1e-12)

    def nearest(self, text: str, limit: int) -> list[tuple[int, float]]:
        """List (position, cosine) of at most `limit` texts that share anything with `text`.

        The nearest comes first, and of equals the earlier.
        """
        asked = _features([text])
        weights = asked.weights * self._rarity[asked.buckets]
        dense = np.zeros(BUCKETS, dtype=np.float32)
        dense[asked.buckets] = weights
        products = dense[self._buckets] * self._weights
        scores = np.bincount(self._row, products, minlength=len(self._norms)) / self._norms
        scores /= max(float(np.sqrt(np.sum(weights**2))), 1e-12)
        best = np.argsort(-scores, kind="stable")[:limit]
        return [(int(row), min(float(scores[row]), 1.0)) for row in best if scores[row] > 0]


def _joined(parts: Sequence[NDArray[Any]], kind: type[Any]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, kind)


def _features(texts: Sequence[str]) -> _Features:
    """Count the features of each text; weight = 1 + log(count), less for pieces of words."""
    lowered = [text.lower() for text in texts]
    joined = "\n".join([*lowered, ""])
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    row = np.repeat(np.arange(len(texts)), [len(text) + 1 for text in lowered])
    letter = _letters(codes)
    words = _words(codes, letter)
    pieces, piece_at = _pieces(codes, letter)
    topics, topic_at = _told_topics(words)
    plain = np.concatenate([words.hashes(), pieces])
    buckets = (_mixed(plain) % np.uint64((BUCKETS - _FIRST) // 2)).astype(np.int64) * 2 + _FIRST
    buckets[: len(words.starts)] += 1
    keys = row[np.concatenate([words.starts, piece_at, topic_at])] * BUCKETS
    keys, counts = np.unique(keys + np.concatenate([buckets, topics]), return_counts=True)
    rows, kept = np.divmod(keys, BUCKETS)
    kinds = np.where(kept < _FIRST, TOPIC_WEIGHT, np.where(kept % 2, 1.0, PIECE_WEIGHT))
    starts = np.searchsorted(rows, np.arange(len(texts) + 1))
    weights = (1 + np.log(counts)) * kinds
    return _Features(starts, kept.astype(np.int32), weights.astype(np.float32))


def _letters(codes: Codes) -> NDArray[np.bool_]:
    """Mark the code points that are parts of words."""
    table = np.zeros(0x110000, dtype=np.bool_)
    present = np.flatnonzero(np.bincount(codes))
    table[present] = [chr(code).isalnum() for code in present.tolist()]
    return table[codes]


class _Words(NamedTuple):
    """Where the words of some texts are, and running sums that hash any part of them."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    sums: Hashes

    def hashes(self) -> Hashes:
        """Hash every word."""
        return self.sums[self.ends] - self.sums[self.starts]


def _words(codes: Codes, letter: NDArray[np.bool_]) -> _Words:
    """Find the words; the hash of a word is a difference of sums of code points times powers."""
    edges = np.diff(letter.astype(np.int8), prepend=np.int8(0), append=np.int8(0))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    heads = np.concatenate([[0], starts])
    place = np.arange(len(codes)) - np.repeat(heads, np.diff(np.append(heads, len(codes))))
    powers = np.cumprod(np.full(int(place.max(initial=0)) + 1, _BASE, dtype=np.uint64))
    spread = _mixed(codes.astype(np.uint64)) * powers[place]
    return _Words(starts, ends, np.concatenate([np.zeros(1, np.uint64), np.cumsum(spread)]))


def _told_topics(words: _Words) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List the topics that words tell, by their first letters, and where those words start."""
    found, at = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    lengths = words.ends - words.starts
    for length, whole, hashes, topics in _stems():
        fits = lengths == length if whole else lengths >= length
        starts = words.starts[fits]
        prefixes = words.sums[starts + length] - words.sums[starts]
        near = np.minimum(np.searchsorted(hashes, prefixes), len(hashes) - 1)
        hit = hashes[near] == prefixes
        found.append(topics[near[hit]])
        at.append(starts[hit])
    return np.concatenate(found), np.concatenate(at)


@cache
def _stems() -> list[tuple[int, bool, Hashes, NDArray[np.int64]]]:
    """Sort the stems by length, and by whether they are whole words; then by hash."""
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


def _pieces(codes: Codes, letter: NDArray[np.bool_]) -> tuple[Hashes, NDArray[np.int64]]:
    """Hash all runs of four letters within words; tell where each starts."""
    if len(codes) < PIECE:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    size = len(codes) - PIECE + 1
    whole = np.ones(size, dtype=np.bool_)
    for step in range(PIECE):
        whole &= letter[step : step + size]
    at = np.flatnonzero(whole)
    hashes = np.zeros(len(at), dtype=np.uint64)
    for step in range(PIECE):
        hashes = hashes * _BASE + codes[at + step]
    return hashes, at


def _mixed(values: Hashes) -> Hashes:
    """Spread the bits of hashes evenly."""
    values = (values ^ (values >> np.uint64(32))) * _MIX
    values = (values ^ (values >> np.uint64(32))) * _MIX
    return values ^ (values >> np.uint64(32))
