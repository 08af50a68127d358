"""Concordia: the entities of a configuration, each a prefab with parameters."""

from collections.abc import Iterator

from simnet.personas.sources.columns.fields import FieldError, attributes, flattened, prose, text
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format

_PROSE = ("player_specific_context", "context")
_SETTINGS = ("prefab", "role", "randomize_choices", "specific_memories", "player_specific_memories")


def _fits(fields: Fields) -> bool:
    return "prefab" in fields and isinstance(fields.get("params"), dict)


def _entities(fields: Fields) -> Iterator[Fields]:
    """Make a row of an entity; game masters are no people."""
    if not _fits(fields):
        raise FieldError("params", "is no object beside a `prefab`; it has what an entity is")
    if "entity" in str(fields.get("role", "entity")).casefold():
        yield {**flattened(fields["params"]), "prefab": fields["prefab"]}


def _convert(fields: Fields) -> Draft:
    description = prose(*(fields.get(name) for name in _PROSE))
    values = attributes(fields, but=frozenset(_PROSE))
    return Draft(None, description, values, untold=_SETTINGS, name=text(fields, "name"))


CONCORDIA = Format("concordia", _fits, _convert, columns=("prefab", "params"), expand=_entities)
