"""Vectors of texts: WordLlama by default, sentence-transformers, or a function of one's own."""

from simnet.embedding.embedders import DEFAULT, Embedder, embedder

__all__ = ["DEFAULT", "Embedder", "embedder"]
