"""TinyTroupe: one agent a file, its persona a nested object."""

from simnet.personas.sources.columns.fields import FieldError, attributes, flattened, text
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format


def _persona(fields: Fields) -> Fields:
    """Return the nested persona, which older files call `_persona` or `_configuration`."""
    nested = next(
        (fields[n] for n in ("persona", "_persona", "_configuration") if fields.get(n)), None
    )
    return nested if isinstance(nested, dict) else {}


def _fits(fields: Fields) -> bool:
    kind = fields.get("type", fields.get("json_serializable_class_name"))
    if kind is None:  # written by hand; the actors of SynDisco have a prompt beside their persona
        return "name" in _persona(fields) and fields.keys().isdisjoint({"context", "instructions"})
    return kind in ("TinyPerson", "Fragment") and bool(_persona(fields))


def _convert(fields: Fields) -> Draft:
    persona = _persona(fields)
    name = persona.get("name", fields.get("name"))
    if not name:
        raise FieldError(
            "persona",
            "has no name: it is a fragment, which is a part of several people; import the files "
            "of the agents",
        )
    named = text({"name": name}, "name")
    values = attributes(flattened(persona), but=frozenset())
    return Draft(None, "", values, name=named)


TINYTROUPE = Format("tinytroupe", _fits, _convert, columns=("type", "persona"))
