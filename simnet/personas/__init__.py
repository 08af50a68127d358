"""Personas: the type, readers of files, the shipped population, and the catalogue."""

from typing import TYPE_CHECKING, Any

from simnet.personas.persona import Persona

if TYPE_CHECKING:
    from simnet.embedding import Embedder
    from simnet.personas.catalogue import Catalogue
    from simnet.personas.population import Population, sample
    from simnet.personas.populations.households import with_groups
    from simnet.personas.populations.shares import sample_to_shares, shares_of
    from simnet.personas.source import Source
    from simnet.personas.sources import Batches, load_personas, read_batches
    from simnet.personas.sources.reading.kept_embeddings import Embeddings

__all__ = [
    "Batches",
    "Catalogue",
    "Embedder",
    "Embeddings",
    "Persona",
    "Population",
    "Source",
    "load_personas",
    "read_batches",
    "sample",
    "sample_to_shares",
    "shares_of",
    "with_groups",
]

_MODULES = {
    "Batches": "simnet.personas.sources",
    "Catalogue": "simnet.personas.catalogue",
    "Embedder": "simnet.embedding",
    "Embeddings": "simnet.personas.sources.reading.kept_embeddings",
    "Population": "simnet.personas.population",
    "Source": "simnet.personas.source",
    "load": "simnet.personas.sources",
    "load_personas": "simnet.personas.sources",
    "read_batches": "simnet.personas.sources",
    "sample": "simnet.personas.population",
    "sample_to_shares": "simnet.personas.populations.shares",
    "shares_of": "simnet.personas.populations.shares",
    "with_groups": "simnet.personas.populations.households",
}


def __getattr__(name: str) -> Any:
    """Import the others on first use, so that `Persona` alone stays quick to import."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - kept out of the import of simnet

    return getattr(import_module(_MODULES[name]), name)
