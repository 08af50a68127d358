"""Recognises headings whatever their case and the blanks in them."""

import re
from functools import lru_cache

from simnet.personas.sources.families import GENERAL, SPECIFIC
from simnet.personas.sources.family import Fields


def _key(name: str) -> str:
    return re.sub(r"[\s_\-]+", "_", name.strip().casefold())


_KNOWN = {_key(name): name for form in (*GENERAL, *SPECIFIC) for name in form.columns}


def canonical(fields: Fields) -> Fields:
    """Spell the headings that some format has as it does; others stay as they are."""
    spelt = _spelt(tuple(fields))
    return {spelt[name]: value for name, value in fields.items()} if spelt else fields


@lru_cache(maxsize=1024)
def _spelt(names: tuple[str, ...]) -> dict[str, str]:
    """Return how each name is spelt; empty if all are spelt as they should be."""
    spelt = {}
    taken = set(names)
    for name in names:
        wanted = _KNOWN.get(_key(name), name)
        if wanted != name and wanted in taken:
            wanted = name  # the row has a column of that name as well
        taken.add(wanted)
        spelt[name] = wanted
    return {} if all(name == wanted for name, wanted in spelt.items()) else spelt
