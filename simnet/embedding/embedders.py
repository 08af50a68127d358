"""The type of an embedder, and the choice of one by name."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simnet.errors import UsageError
from simnet.foundation.text import did_you_mean
from simnet.foundation.user_code import name_of, raised_by, wrong_result

Vectors: TypeAlias = NDArray[np.float32]
Encode: TypeAlias = Callable[[list[str]], Any]
"""Maps n texts to n vectors: an array, or lists of numbers, of shape (n, dimensions)."""

DEFAULT = "wordllama"
_SENTENCE = "sentence-transformers"
_KIND = "embedder"


class Embedder:
    """Maps texts to vectors of unit length, so that a dot product is a cosine similarity."""

    def __init__(self, name: str, dimensions: int, encode: Encode) -> None:
        self.name = name
        """What `embedder` takes, or the name of one's own function; data keeps it with vectors."""
        self.dimensions = dimensions
        """Length of each vector."""
        self._encode = encode

    def __repr__(self) -> str:
        return f"Embedder({self.name!r}, dimensions={self.dimensions})"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (len(texts), dimensions), whose rows have length 1.

        A text that is empty, blank or has no token that the model knows is a row of zeros, which
        is similar to nothing. Raises UserCodeError if a function of one's own raises, or returns
        something other than finite numbers of that shape.
        """
        if isinstance(texts, str):
            raise TypeError("encode takes a sequence of texts; write encode([text])")
        rows = [row for row, text in enumerate(texts) if text.strip()]
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        if rows:
            given = [texts[row] for row in rows] if len(rows) < len(texts) else list(texts)
            vectors[rows] = checked(self._encode, given, self.dimensions)
        return vectors


def embedder(choice: str | Encode | Embedder = DEFAULT) -> Embedder:
    """Return an embedder; one that is chosen by name is loaded once in a process.

    `choice` is one of

    * `"wordllama"`: WordLlama, 256 dimensions, from the files of its package (extra `catalogue`);
      nothing is downloaded. A vector depends on its own text alone.
    * `"sentence-transformers:NAME"`: a model of sentence-transformers by its name on the hub or by
      its folder (extra `embeddings`).
    * a function that maps a list of n texts to an array of shape (n, dimensions). It is called
      once with the text "a" to learn the dimensions.

    Raises UsageError for an unknown name or a missing extra, ModelNotFoundError if there is no
    such model, and UserCodeError for a function that does not do that.
    """
    if isinstance(choice, Embedder):
        return choice
    if isinstance(choice, str):
        return _by_name(choice)
    return Embedder(name_of(choice), checked(choice, ["a"]).shape[1], choice)


@cache
def _by_name(name: str) -> Embedder:
    kind, _, model = name.partition(":")
    if name == DEFAULT:
        from simnet.embedding import wordllama_files  # noqa: PLC0415 - imports scipy

        return Embedder(name, *wordllama_files.load())
    if kind == _SENTENCE and model:
        from simnet.embedding import sentence_model  # noqa: PLC0415 - imports torch

        return Embedder(name, *sentence_model.load(model))
    known = (DEFAULT, f"{_SENTENCE}:NAME_OR_FOLDER")
    hint = did_you_mean(name, (DEFAULT, _SENTENCE))
    raise UsageError(
        f"no embedder {name!r}{hint}; write {known[0]}, {known[1]}, or in Python give a function"
    )


def checked(encode: Encode, texts: list[str], dimensions: int | None = None) -> Vectors:
    """Call a function on texts and return its vectors at length 1, after checking their shape."""
    try:
        vectors = np.asarray(encode(texts), dtype=np.float32)
    except BaseException as error:  # a function of the user may raise SystemExit too
        raise raised_by(_KIND, encode, error) from error
    wanted = (len(texts), dimensions or (vectors.shape[1] if vectors.ndim == 2 else "d"))
    if vectors.shape != wanted or not vectors.size:
        problem = (
            f"returned an array of shape {vectors.shape} for {len(texts)} texts; "
            f"return one of shape ({wanted[0]}, {wanted[1]})"
        )
        raise wrong_result(_KIND, encode, problem)
    if not np.isfinite(vectors).all():
        raise wrong_result(_KIND, encode, "returned numbers that are not finite")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return unit
