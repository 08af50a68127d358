"""A folder of personas that can be searched by words, by filters and by similarity."""

from simnet.personas.catalogue.catalogue import Catalogue
from simnet.personas.catalogue.entries import Added, Conflict, Duplicate, Entry, Similar, Version

__all__ = ["Added", "Catalogue", "Conflict", "Duplicate", "Entry", "Similar", "Version"]
