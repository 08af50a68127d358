"""The embedder of vectors that a data set has already: its model is loaded when it is asked."""

from collections.abc import Sequence

from simnet.embedding.embedders import Embedder, Vectors, embedder
from simnet.errors import UsageError


class StoredVectors(Embedder):
    """Vectors that a model of sentence-transformers made elsewhere, by the model's name."""

    def __init__(self, model: str, dimensions: int) -> None:
        super().__init__(f"sentence-transformers:{model}", dimensions, lambda _: None)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Encode texts by the model, which is loaded now. Raises as `embedder` does.

        Raises UsageError if the vectors of the model have another length than those stored.
        """
        loaded = embedder(self.name)
        if loaded.dimensions != self.dimensions:
            raise UsageError(
                f"{self.name} makes vectors of {loaded.dimensions} numbers and those stored have "
                f"{self.dimensions}, so they cannot be compared"
            )
        return loaded.encode(texts)
