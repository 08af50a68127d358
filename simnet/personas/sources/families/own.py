"""simnet's own form, which most tables of people fit, and tables with a column `persona`."""

import json
import re
from typing import Any

from simnet.personas.persona import Attribute
from simnet.personas.sources.columns.fields import (
    FieldError,
    attributes,
    identifier,
    listing,
    optional_identifier,
    optional_text,
    text,
)
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format

_IDS = ("username", "user_name", "handle")
NAMES = (*_IDS, "name")
"""Columns that stand for an `id` where there is none; a `name` may be that of two people."""
_OWN = frozenset({"id", "description", "attributes", "untold"})
_RECORDED = frozenset({"cohort", "portrait", "position"})
"""What the table `personas` of a run has besides."""


def _own(fields: Fields) -> Draft:
    """Convert id, description, attributes and untold; further columns are attributes."""
    nested = fields.get("attributes")
    if isinstance(nested, str) and nested.strip():
        nested = _object("attributes", nested)
    if nested not in (None, "") and not isinstance(nested, dict):
        raise FieldError("attributes", 'is not an object; write {"age": 38}')
    is_recorded = fields.keys() >= _RECORDED
    own = _OWN | _RECORDED | {"original_id"} if is_recorded else _OWN
    values = attributes(fields, but=own) | attributes(nested or {}, but=frozenset())
    untold = listing(fields, "untold")
    if is_recorded:
        untold = _not_told(values, optional_text(fields, "portrait"))
    key = optional_identifier(fields, "id", *_IDS)
    name = None if key else optional_identifier(fields, "name")
    if key is None and name is None:
        key = identifier(fields, "id")
    complete = is_recorded or (isinstance(fields.get("untold"), list) and "attributes" in fields)
    description = optional_text(fields, "description")
    return Draft(key, description, values, tuple(untold), name, complete=complete)


def _not_told(values: dict[str, Attribute], portrait: str) -> list[str]:
    """List the attributes that a recorded portrait leaves out."""
    return [name for name in values if not re.search(_sentence_of(name), portrait)]


def _sentence_of(name: str) -> str:
    """Return a pattern of where a portrait begins to tell an attribute: after a whole sentence."""
    return rf"(?:^|[^\w\s]\s){re.escape(name.replace('_', ' '))}: "


def _mapped(fields: Fields) -> Draft:
    """Convert a row whose columns the user mapped; one without an id is given a handle."""
    if fields.get("id") in (None, ""):
        return _own({**fields, "id": "-"})._replace(id=None)
    return _own(fields)


def persona_column(fields: Fields) -> Draft:
    """Convert a row whose column `persona` says who it is."""
    values = attributes(fields, but=frozenset({"id", "persona"}))
    return Draft(optional_identifier(fields, "id"), text(fields, "persona"), values)


def _has_persona(fields: Fields) -> bool:
    return isinstance(fields.get("persona"), str)


def _object(name: str, written: str) -> dict[str, Any]:
    """Parse a JSON object in a cell of a table."""
    try:
        value = json.loads(written)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise FieldError(name, 'is not a JSON object; write {"age": 38}')
    return value


PERSONA_COLUMN = Format("persona-column", _has_persona, persona_column, ("id", "persona"))
OWN = Format("simnet", lambda _: True, _own, ("id", "description", "attributes", "untold", *NAMES))
MAPPED = Format("mapped", lambda _: False, _mapped)
