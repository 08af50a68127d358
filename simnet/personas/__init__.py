"""Personas: the type, readers of files, the shipped population, and the catalogue."""

from typing import TYPE_CHECKING, Any

from simnet.personas.persona import Persona

if TYPE_CHECKING:
    from simnet.personas.catalogue import Catalogue
    from simnet.personas.population import Population, sample
    from simnet.personas.source import Source
    from simnet.personas.sources import Batches, load_personas, read_batches

__all__ = [
    "Batches",
    "Catalogue",
    "Persona",
    "Population",
    "Source",
    "load_personas",
    "read_batches",
    "sample",
]

_MODULES = {
    "Batches": "simnet.personas.sources",
    "Catalogue": "simnet.personas.catalogue",
    "Population": "simnet.personas.population",
    "Source": "simnet.personas.source",
    "load": "simnet.personas.sources",
    "load_personas": "simnet.personas.sources",
    "read_batches": "simnet.personas.sources",
    "sample": "simnet.personas.population",
}


def __getattr__(name: str) -> Any:
    """Import the others on first use, so that `Persona` alone stays quick to import."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - kept out of the import of simnet

    return getattr(import_module(_MODULES[name]), name)
