"""Who is on the network, and where they come from."""

from typing import TYPE_CHECKING, Any

from simnet.personas.persona import Persona

if TYPE_CHECKING:
    from simnet.personas.catalogue import Catalogue
    from simnet.personas.population import Population, sample
    from simnet.personas.sources import load

__all__ = ["Catalogue", "Persona", "Population", "load", "sample"]

_HOMES = {
    "Catalogue": "simnet.personas.catalogue",
    "Population": "simnet.personas.population",
    "load": "simnet.personas.sources",
    "sample": "simnet.personas.population",
}


def __getattr__(name: str) -> Any:
    """Import the rest on first use: whoever needs only Persona pays for nothing more."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - kept out of the import of simnet

    return getattr(import_module(_HOMES[name]), name)
