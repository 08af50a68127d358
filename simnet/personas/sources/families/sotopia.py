"""sotopia: agent profiles with what is known of somebody, what they value and what they hide."""

from simnet.personas.sources.columns.fields import attributes, optional_identifier, prose
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format, has

_PROSE = ("public_info", "personality_and_values")


def _convert(fields: Fields) -> Draft:
    parts = [optional_identifier(fields, one) for one in ("first_name", "last_name")]
    name = " ".join(filter(None, parts))
    key = optional_identifier(fields, "pk")
    values = attributes({"name": name or None} | fields, but=frozenset(_PROSE))
    return Draft(
        key,
        prose(*(fields.get(column) for column in _PROSE)),
        values,
        untold=("pk", "first_name", "last_name", "model_id", "tag"),
        name=name or None,
    )


SOTOPIA = Format(
    "sotopia",
    has("first_name", "last_name", "public_info"),
    _convert,
    columns=("pk", "first_name", "last_name", *_PROSE),
)
