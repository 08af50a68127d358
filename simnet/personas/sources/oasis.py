"""The profiles of OASIS: a list in JSON for its Reddit, a table in CSV for its Twitter."""

from typing import Any

from simnet.personas.persona import Persona
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.fields import (
    FieldError,
    attributes,
    listing,
    optional_text,
    text,
)

_LISTS = ("following_agentid_list", "previous_tweets")


def is_twitter(fields: dict[str, Any]) -> bool:
    """Tell a row of a Twitter file."""
    return "user_char" in fields or "following_agentid_list" in fields


def is_reddit(fields: dict[str, Any]) -> bool:
    """Tell a row of a Reddit file."""
    return {"bio", "persona"} <= fields.keys() and not fields.keys().isdisjoint(
        {"username", "user_name"}
    )


def reddit(fields: dict[str, Any]) -> Draft:
    """Read one profile of a Reddit file; what makes such files may write `user_name`."""
    name = "username" if "username" in fields else "user_name"
    told = attributes(fields, but=frozenset({name, "persona", "interested_topics"}))
    told["interested_topics"] = listing(fields, "interested_topics")
    return Draft(text(fields, name), text(fields, "persona"), told)


def twitter(fields: dict[str, Any]) -> Draft:
    """Read one profile of a Twitter file: a biography, whom it follows, what it said before.

    A profile without any biography is one: most lurkers have none.
    """
    key = optional_text(fields, "username") or optional_text(fields, "name") or None
    prose = optional_text(fields, "user_char") or optional_text(fields, "description")
    row = {name: value for name, value in fields.items() if name}
    kept = attributes(row, but=frozenset({"username", "user_char", *_LISTS}))
    kept |= {name: listing(fields, name) for name in _LISTS}
    bad = next(
        (one for one in listing(fields, _LISTS[0]) if not one.isdecimal() or len(one) > 9), None
    )
    if bad is not None:
        raise FieldError(_LISTS[0], f"{bad!r} is no position of an agent; write [0, 32]")
    return Draft(key, prose, kept, untold=tuple(kept))


def name_the_followed(personas: list[Persona]) -> list[Persona]:
    """Add `following`, the handles behind `following_agentid_list`, which holds row numbers.

    Those that point beyond what was read are left out of it.
    """
    return [
        one.model_copy(
            update={
                "attributes": one.attributes | {"following": _handles(one, personas)},
                "untold": (*one.untold, "following"),
            }
        )
        for one in personas
    ]


def _handles(one: Persona, personas: list[Persona]) -> list[str]:
    positions = one.attributes[_LISTS[0]]
    if not isinstance(positions, list):
        return []
    numbers = (int(position) for position in positions)
    return [personas[number].id for number in numbers if number < len(personas)]
