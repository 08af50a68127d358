"""Nemotron-Personas: a portrait, further portraits by subject, and facts from the census."""

from simnet.personas.sources.columns.fields import attributes, identifier, listing, text
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format, has


def _convert(fields: Fields) -> Draft:
    """Convert a row; other portraits and codes are attributes that no prompt contains."""
    lists = [name for name in fields if name.endswith("_list")]
    plain = attributes(fields, but=frozenset({"uuid", "persona", *lists}))
    long = [name for name in plain if name.endswith("_persona") or f"{name}_list" in lists]
    values = plain | {name: listing(fields, name) for name in lists}
    return Draft(identifier(fields, "uuid"), text(fields, "persona"), values, (*long, "zipcode"))


NEMOTRON = Format(
    "nemotron", has("uuid", "persona"), _convert, columns=("uuid", "persona"), licence="CC-BY-4.0"
)
