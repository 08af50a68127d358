"""SynDisco: lists of people by their attributes, and settings of a discussion with its users."""

from collections.abc import Iterator

from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format, has
from simnet.personas.sources.fields import FieldError, attributes, listing, optional_identifier

_ATTRIBUTES = (
    "age",
    "sex",
    "sexual_orientation",
    "demographic_group",
    "current_employment",
    "education_level",
    "special_instructions",
    "personality_characteristics",
)


def _fits(fields: Fields) -> bool:
    names = {name.casefold() for name in fields}
    return "username" in fields and not names.isdisjoint(_ATTRIBUTES)


def _convert(fields: Fields) -> Draft:
    """Convert a person, who has attributes and no description."""
    values = attributes(fields, but=frozenset({"username"}))
    return Draft(optional_identifier(fields, "username"), "", values)


def _users(fields: Fields) -> Iterator[Fields]:
    """Make a row of each user of a discussion; its moderator takes no part as a user."""
    names, traits = listing(fields, "user_names"), fields.get("user_attributes")
    if not isinstance(traits, list) or len(traits) != len(names):
        raise FieldError("user_attributes", f"is no list of {len(names)}, one for each user name")
    for name, own in zip(names, traits, strict=True):
        yield {"username": name, "personality_characteristics": own}


SYNDISCO = Format("syndisco", _fits, _convert, columns=("username",))
SETTINGS = Format(
    "syndisco-settings",
    has("user_names", "user_attributes"),
    _convert,
    columns=("user_names", "user_attributes"),
    expand=_users,
)
