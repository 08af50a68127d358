"""Recognises and converts the rows of each known format, named as the data sets are."""

from collections.abc import Callable
from typing import Any, NamedTuple

from simnet.personas.persona import Attribute
from simnet.personas.sources import oasis
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.fields import (
    FieldError,
    attribute,
    attributes,
    listing,
    optional_text,
    text,
)

LICENCES = {
    "finepersonas": "Llama 3 Community License",
    "nemotron": "CC-BY-4.0",
    "oasis-reddit": "Apache-2.0",
    "oasis-twitter": "Apache-2.0",
    "personahub": "CC-BY-NC-SA-4.0",
}
"""Licence of the data published in a format; own files have none."""


class Format(NamedTuple):
    """How to recognise the rows of a format, and to convert one; that may raise FieldError."""

    name: str
    fits: Callable[[dict[str, Any]], bool]
    convert: Callable[[dict[str, Any]], Draft]


def recognise(fields: dict[str, Any]) -> Format | None:
    """Find the format of a row by the names of its fields; None if it is unknown."""
    return next((form for form in FORMATS.values() if form.fits(fields)), None)


def _simnet(fields: dict[str, Any]) -> Draft:
    """Read our own: id, description, attributes and untold; further columns are attributes."""
    nested = fields.get("attributes")
    if isinstance(nested, str) and nested.strip():
        nested = _object("attributes", nested)
    if nested not in (None, "") and not isinstance(nested, dict):
        raise FieldError("attributes", 'is not an object; write {"age": 38}')
    own = frozenset({"id", "description", "attributes", "untold"})
    values = attributes(fields, but=own) | attributes(nested or {}, but=frozenset())
    untold = tuple(listing(fields, "untold"))
    return Draft(_id(fields, "id"), optional_text(fields, "description"), values, untold)


def _persona_column(fields: dict[str, Any]) -> Draft:
    values = attributes(fields, but=frozenset({"id", "persona"}))
    key = _id(fields, "id") if fields.get("id") not in (None, "") else None
    return Draft(key, text(fields, "persona"), values)


def _finepersonas(fields: dict[str, Any]) -> Draft:
    """Read FinePersonas; its labels are a list in some configurations, a text in others."""
    lists = [name for name in ("labels", "summary_label") if fields.get(name) is not None]
    draft = _persona_column({name: fields[name] for name in fields if name not in lists})
    labels: dict[str, Attribute] = {name: listing(fields, name) for name in lists}
    return draft._replace(attributes=draft.attributes | labels, untold=("cluster_label",))


def _personahub(fields: dict[str, Any]) -> Draft:
    """Read PersonaHub, whose `description` is the purpose of the row and no portrait."""
    if "input persona" in fields:
        kept = attributes(fields, but=frozenset())
        return Draft(None, text(fields, "input persona"), kept, untold=tuple(kept))
    domains = {name: value for name, value in fields.items() if value != "None"}
    return Draft(None, text(fields, "persona"), attributes(domains, but=frozenset({"persona"})))


def _nemotron(fields: dict[str, Any]) -> Draft:
    """Read Nemotron-Personas; its other portraits and codes are attributes no prompt contains."""
    lists = [name for name in fields if name.endswith("_list")]
    plain = attributes(fields, but=frozenset({"uuid", "persona", *lists}))
    long = [name for name in plain if name.endswith("_persona") or f"{name}_list" in lists]
    values = plain | {name: listing(fields, name) for name in lists}
    return Draft(_id(fields, "uuid"), text(fields, "persona"), values, (*long, "zipcode"))


def _syndisco(fields: dict[str, Any]) -> Draft:
    """Read SynDisco, which has attributes and no description."""
    username = fields.get("username")
    key = _id(fields, "username") if username not in (None, "") else None
    return Draft(key, "", attributes(fields, but=frozenset({"username"})))


def _id(fields: dict[str, Any], name: str) -> str:
    """Return an id as text; numbers are converted."""
    value = fields.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(attribute(name, value))
    return text(fields, name)


def _object(name: str, written: str) -> dict[str, Any]:
    """Parse a JSON object in a cell of a table."""
    import json  # noqa: PLC0415

    try:
        value = json.loads(written)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise FieldError(name, 'is not a JSON object; write {"age": 38}')
    return value


def _all(*names: str) -> Callable[[dict[str, Any]], bool]:
    return lambda fields: all(name in fields for name in names)


def _is_finepersonas(fields: dict[str, Any]) -> bool:
    return "persona" in fields and not fields.keys().isdisjoint(
        {"labels", "cluster_label", "summary_label"}
    )


def _is_personahub(fields: dict[str, Any]) -> bool:
    columns = {"input persona", "general domain (top 1 percent)"}
    return not fields.keys().isdisjoint(columns) or set(fields) == {"persona"}


FORMATS = {
    form.name: form
    for form in (
        Format("oasis-twitter", oasis.is_twitter, oasis.twitter),
        Format("oasis-reddit", oasis.is_reddit, oasis.reddit),
        Format("personahub", _is_personahub, _personahub),
        Format("nemotron", _all("uuid", "persona"), _nemotron),
        Format("finepersonas", _is_finepersonas, _finepersonas),
        Format("persona-column", _all("persona"), _persona_column),
        Format("syndisco", _all("username"), _syndisco),
        Format("simnet", lambda fields: "id" in fields or "description" in fields, _simnet),
    )
}
"""All formats by name; the most specific come first, as the first that fits is taken."""
