"""WordLlama's token embeddings, read from the files that its package ships.

The vector of a text is the mean of the embeddings of its tokens (Miller 2024,
https://github.com/dleemiller/WordLlama); the sum, which is computed here, has the same direction.
Release 0.4.0.post1 looks for its tokenizer in a folder of another name than the one it ships and
would download it; importing it also sets up logging. So its package is located and not imported.
"""

from collections.abc import Callable
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.errors import ModelNotFoundError, UsageError
from simnet.foundation.distribution import install_command

WEIGHTS = "weights/l2_supercat_256.safetensors"
TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
_MARKS = ("<unk>", "<s>", "</s>", "\u2581")
TEXTS_AT_ONCE = 16_384
"""Texts whose tokens are in memory together."""


def load() -> tuple[int, Callable[[list[str]], NDArray[np.float32]]]:
    """Return the dimensions and a function that encodes texts.

    Raises UsageError if WordLlama is not installed, and ModelNotFoundError if its release ships
    other files.
    """
    folder = _package_folder()
    from safetensors.numpy import load_file  # noqa: PLC0415 - of the extra
    from tokenizers import Tokenizer  # noqa: PLC0415 - of the extra

    (weights,) = load_file(folder / WEIGHTS).values()
    table = np.ascontiguousarray(weights, dtype=np.float32)
    tokenizer: Any = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()

    def sums_of_tokens(words: list[str]) -> Any:
        encoded = tokenizer.encode_batch_fast(words, add_special_tokens=False)
        return _counts([one.ids for one in encoded], len(table)) @ table

    def encode_block(texts: list[str]) -> Any:
        place: dict[str, int] = {}
        rows = [[place.setdefault(word, len(place)) for word in _words(text)] for text in texts]
        return _counts(rows, len(place)) @ sums_of_tokens(list(place))

    def encode(texts: list[str]) -> NDArray[np.float32]:
        starts = range(0, len(texts), TEXTS_AT_ONCE)
        blocks = [encode_block(texts[start : start + TEXTS_AT_ONCE]) for start in starts]
        return np.concatenate(blocks)

    return table.shape[1], encode


def _words(text: str) -> list[str]:
    """Split a text where no token of WordLlama crosses, so that a word is looked up once.

    Tokens begin with a blank or have none, so the tokens of a text are those of its words. Texts
    with several blanks in a row, or with a mark of the tokenizer, are one word.
    """
    irregular = "  " in text or text != text.strip(" ") or any(mark in text for mark in _MARKS)
    return [text] if irregular else text.split(" ")


def _counts(rows: list[list[int]], columns: int) -> Any:
    """Return the sparse matrix of how often each row has each column, in the order of the row."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - of the extra

    ends = np.cumsum([0, *map(len, rows)])
    places = np.fromiter(chain.from_iterable(rows), np.int32, int(ends[-1]))
    return csr_matrix((np.ones(len(places), np.float32), places, ends), (len(rows), columns))


def _package_folder() -> Path:
    spec = find_spec("wordllama")
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(
            "vectors are made with WordLlama, which is not installed; install it, in a clone of "
            f"simnet: {install_command('catalogue')}"
        )
    folder = Path(spec.submodule_search_locations[0])
    for name in (WEIGHTS, TOKENIZER):
        if not (folder / name).is_file():
            raise ModelNotFoundError(
                f"the installed WordLlama has no file {name}; install release 0.4.0.post1"
            )
    return folder
