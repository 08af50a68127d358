"""A folder of personas that can be searched by words, by filters and by similarity."""

from simnet.personas.catalogue.catalogue import Catalogue
from simnet.personas.catalogue.entries import Added, Duplicate, Entry, Similar, Version

__all__ = ["Added", "Catalogue", "Duplicate", "Entry", "Similar", "Version"]
