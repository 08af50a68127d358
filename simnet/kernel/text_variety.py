"""How varied the texts of a cohort are: distinct-n, and the spread of their vectors.

Both are taken over blocks of as many texts as the window of the scenario's `Health` has. A block
that is not full yet counts from `least` texts on; a new one begins when it is full.
"""

from collections.abc import Sequence
from typing import Any

from simnet.agents.reply_words import gist, words
from simnet.foundation.text import one_line
from simnet.scenario.text_alarms import Health

_DIGITS = 3
"""Decimals of the spread, so that the last bits of its vectors decide nothing."""


class Distinct:
    """Distinct-n: different sequences of n words, as a share of all of them.

    Method: Li et al. 2016, A diversity-promoting objective function for neural conversation
    models. Where no spaces are written between words, letters are counted in place of words.
    """

    def __init__(self, health: Health) -> None:
        self._window, self._least, self._words = health.window, health.least, health.words
        self._seen: set[tuple[str, ...]] = set()
        self._texts = self._total = 0
        self.value: float | None = None
        """The measure; None before the first `least` texts."""

    @property
    def latest(self) -> float | None:
        """The measure, of fewer texts too; None without any sequence of words."""
        if self.value is None and self._total:
            return len(self._seen) / self._total
        return self.value

    def add(self, texts: Sequence[str]) -> None:
        """Count texts."""
        for text in texts:
            if self._texts == self._window:
                self._seen.clear()
                self._texts = self._total = 0
            said = words(gist(text))
            grams = list(zip(*(said[start:] for start in range(self._words)), strict=False))
            self._seen.update(grams)
            self._total += len(grams)
            self._texts += 1
        if self._total and self._texts >= self._least:
            self.value = len(self._seen) / self._total


class Spread:
    """Mean cosine distance of two different texts: 0 if all say the same, about 1 if unrelated."""

    def __init__(self, health: Health) -> None:
        self._window, self._least = health.window, health.least
        self._embedder = health.embedder
        self._texts: list[str] = []
        """Those whose vectors are not made yet."""
        self._sum: Any = 0.0
        self._count = 0
        self.value: float | None = None
        """The measure; None before the first `least` texts, or if vectors cannot be made."""
        self.fault: str | None = None

    @property
    def latest(self) -> float | None:
        """The measure, as it is now."""
        return self.value

    def add(self, texts: Sequence[str]) -> None:
        """Take texts; the spread is computed anew with every `least` of them.

        An embedder that fails ends the measuring and not the run.
        """
        if self.fault is not None:
            return
        self._texts += texts
        if len(self._texts) < self._least:
            return
        texts, self._texts = self._texts, []
        try:
            self._encode(texts)
        except Exception as error:  # noqa: BLE001  (an embedder may be the user's function)
            self.fault = f"the spread of texts is not measured any more: {one_line(str(error))}"
            self.value = None

    def _encode(self, texts: Sequence[str]) -> None:
        from simnet.embedding import embedder  # noqa: PLC0415  (slow, and rarely needed)

        if self._count >= self._window:
            self._sum, self._count = 0.0, 0
        vectors = embedder(self._embedder).encode(texts)
        known = vectors[vectors.any(axis=1)]  # a text without known words has no direction
        self._sum = self._sum + known.sum(axis=0, dtype=float)
        self._count += len(known)
        if self._count > 1:
            pairs = self._count * (self._count - 1)
            similarity = (float(self._sum @ self._sum) - self._count) / pairs
            self.value = round(1.0 - similarity, _DIGITS) + 0.0  # -0.0 becomes 0.0
