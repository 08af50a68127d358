"""Likeness of posts by their words: TF-IDF over hashed words, in arrays that grow with the posts.

Each post is read once and keeps at most 24 hashed words, so comparing a viewer's taste with a
hundred candidates is a handful of array operations, however many posts there are.
"""

import re
from collections import Counter
from collections.abc import Sequence
from copy import copy
from itertools import islice
from zlib import crc32

import numpy as np
import numpy.typing as npt

from simnet.world.state.posts import Post

Floats = npt.NDArray[np.float32]

DIMENSIONS = 4096
"""Number of values of the hash of a word."""
KEPT = 24
"""Distinct words kept of one text: the most frequent, of equals the earlier."""
_WORD = re.compile(r"\w{2,}")


class Words:
    """The words of all posts read so far and how many posts hold each."""

    def __init__(self) -> None:
        self._read = 0
        self._words = np.zeros((64, KEPT), np.int32)
        self._weights = np.zeros((64, KEPT), np.float32)
        self._holding = np.zeros(DIMENSIONS, np.int64)

    def __deepcopy__(self, memo: dict[int, object]) -> "Words":
        fresh = copy(self)
        arrays = {name: vars(self)[name].copy() for name in ("_words", "_weights", "_holding")}
        vars(fresh).update(arrays)
        return fresh

    def read(self, posts: Sequence[Post]) -> None:
        """Read the posts that are new since last time; `posts` are all there are, in order."""
        if self._read == len(posts):
            return
        self._grow(len(posts))
        for row in range(self._read, len(posts)):
            words, weights = hashed(posts[row].text)
            self._words[row, : len(words)] = words
            self._weights[row, : len(words)] = weights
            for word in set(words):
                self._holding[word] += 1
        self._read = len(posts)

    def likeness(self, liked: Sequence[int], description: str, posts: Sequence[int]) -> list[float]:
        """Compare posts with a taste: the cosine of each with their sum.

        A taste is the sum of the posts `liked` and of a `description` of the viewer. `liked` and
        `posts` are numbers of posts that were read. All cosines are 0 for an empty taste.
        """
        rarity = np.log((1 + self._read) / (1 + self._holding)).astype(np.float32) + 0.01
        taste = self._taste(liked, description, rarity)
        rows = np.asarray(posts, np.int64)
        words = self._words[rows]
        weights = self._weights[rows] * rarity[words]
        lengths = np.sqrt((weights**2).sum(axis=1)) * np.sqrt((taste**2).sum())
        products = (taste[words] * weights).sum(axis=1)
        scores: list[float] = (products / np.maximum(lengths, 1e-12)).tolist()
        return scores

    def _taste(self, liked: Sequence[int], description: str, rarity: Floats) -> Floats:
        rows = np.asarray(liked, np.int64)
        words, weights = self._words[rows], self._weights[rows]
        if description:
            own_words, own_weights = hashed(description)
            pad = (0, KEPT - len(own_words))
            words = np.vstack([words, np.pad(np.array(own_words, np.int32), pad)])
            weights = np.vstack([weights, np.pad(np.array(own_weights, np.float32), pad)])
        weights = weights * rarity[words]
        weights /= np.maximum(np.sqrt((weights**2).sum(axis=1, keepdims=True)), 1e-12)
        taste = np.bincount(words.ravel(), weights.ravel(), minlength=DIMENSIONS)
        return taste.astype(np.float32)

    def _grow(self, rows: int) -> None:
        more = max(rows, 2 * len(self._words)) - len(self._words)
        if rows > len(self._words):
            self._words = np.vstack([self._words, np.zeros((more, KEPT), np.int32)])
            self._weights = np.vstack([self._weights, np.zeros((more, KEPT), np.float32)])


def hashed(text: str) -> tuple[list[int], list[float]]:
    """Hash the distinct words of a text; the weight of each is the root of its count."""
    counts = Counter(_WORD.findall(text.casefold()))
    kept = counts.most_common(KEPT) if len(counts) > KEPT else list(islice(counts.items(), KEPT))
    words = [crc32(word.encode("utf-8", "surrogatepass")) % DIMENSIONS for word, _ in kept]
    return words, [count**0.5 for _, count in kept]
