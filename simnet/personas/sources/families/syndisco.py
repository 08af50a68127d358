"""SynDisco: lists of people by their attributes, settings of a discussion, and actors.

Before release 2 a persona is a flat object with `username`, and settings list the users; from then
on an actor has its persona as an object of any attributes.
"""

from collections.abc import Iterator

from simnet.personas.sources.columns.fields import (
    FieldError,
    attributes,
    flattened,
    listing,
    optional_identifier,
)
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format, has

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
_PROMPT = ("context", "instructions")
"""What an actor of SynDisco 2 has beside its persona."""
_NAMES = ("username", "name")


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


def _is_actor(fields: Fields) -> bool:
    return isinstance(fields.get("persona"), dict) and not fields.keys().isdisjoint(_PROMPT)


def _actor(fields: Fields) -> Draft:
    """Convert an actor of SynDisco 2: its persona; the prompt is that of a discussion."""
    if not isinstance(fields.get("persona"), dict):
        raise FieldError(
            "persona", "is no object; an actor has the attributes of its persona there"
        )
    persona = flattened(fields["persona"])
    names = {name: persona.pop(name) for name in _NAMES if name in persona}
    name = optional_identifier({**names, **fields}, *_NAMES)
    kept = {one: fields[one] for one in (*_PROMPT, "type", "is_annotator") if one in fields}
    values = attributes({**kept, **persona}, but=frozenset())
    return Draft(
        None, "", values, untold=tuple(one for one in kept if one not in persona), name=name
    )


SYNDISCO = Format("syndisco", _fits, _convert, columns=("username",))
SETTINGS = Format(
    "syndisco-settings",
    has("user_names", "user_attributes"),
    _convert,
    columns=("user_names", "user_attributes"),
    expand=_users,
)
ACTOR = Format("syndisco-actor", _is_actor, _actor, columns=("persona", *_PROMPT))
