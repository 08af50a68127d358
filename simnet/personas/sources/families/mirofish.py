"""MiroFish: profiles made for OASIS from a document, with the entity each stands for."""

from simnet.personas.sources.draft import Draft
from simnet.personas.sources.families.oasis import is_reddit, reddit
from simnet.personas.sources.family import Fields, Format

_OWN = ("source_entity_uuid", "source_entity_type", "created_at")


def _fits(fields: Fields) -> bool:
    return is_reddit(fields) and not fields.keys().isdisjoint(_OWN)


def _convert(fields: Fields) -> Draft:
    return reddit(fields)._replace(untold=_OWN)


MIROFISH = Format("mirofish", _fits, _convert, columns=("username", "bio", "persona", *_OWN))
