"""Vectors of texts: WordLlama by default, sentence-transformers, or a function of one's own."""

from simnet.embedding.embedders import DEFAULT, Embedder, embedder
from simnet.embedding.stored_vectors import StoredVectors

__all__ = ["DEFAULT", "Embedder", "StoredVectors", "embedder"]
