"""Models of sentence-transformers, by name or by folder."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from simnet.errors import ModelNotFoundError, UsageError, reason
from simnet.foundation.distribution import install_command


def load(model: str) -> tuple[int, Callable[[list[str]], Any]]:
    """Return the dimensions of a model and a function that encodes texts.

    Raises UsageError if sentence-transformers is not installed, and ModelNotFoundError if there is
    no model of that name on this disk or, where the hub can be reached, on the hub.
    """
    if find_spec("sentence_transformers") is None:
        raise UsageError(
            f"the embedder sentence-transformers:{model} needs sentence-transformers; install it, "
            f"in a clone of simnet: {install_command('embeddings')}"
        )
    if model.startswith((".", "/", "~")) and not Path(model).expanduser().is_dir():
        raise ModelNotFoundError(f"there is no folder {model}; give that of a model")
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - imports torch

    try:
        loaded = SentenceTransformer(str(Path(model).expanduser()))
    except (OSError, ValueError, KeyError) as error:
        raise ModelNotFoundError(
            f"no model {model!r} of sentence-transformers was found here or on the hub "
            f"({reason(error)}); give the folder of one, or a name on the hub"
        ) from None
    dimensions = loaded.get_embedding_dimension()

    def encode(texts: list[str]) -> Any:
        return loaded.encode(texts, convert_to_numpy=True, show_progress_bar=False)

    return int(dimensions), encode
