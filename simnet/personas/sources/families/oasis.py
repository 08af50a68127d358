"""Reads the profiles of OASIS: JSON lists for its Reddit, CSV tables for its Twitter."""

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
    """Return whether a row is from a Twitter file."""
    return "user_char" in fields or "following_agentid_list" in fields


def is_reddit(fields: dict[str, Any]) -> bool:
    """Return whether a row is from a Reddit file."""
    return {"bio", "persona"} <= fields.keys() and not fields.keys().isdisjoint(
        {"username", "user_name"}
    )


def reddit(fields: dict[str, Any]) -> Draft:
    """Read one profile of a Reddit file; some writers call the handle `user_name`."""
    name = "username" if "username" in fields else "user_name"
    values = attributes(fields, but=frozenset({name, "persona", "interested_topics"}))
    values["interested_topics"] = listing(fields, "interested_topics")
    return Draft(text(fields, name), text(fields, "persona"), values)


def twitter(fields: dict[str, Any]) -> Draft:
    """Read one profile of a Twitter file: biography, followees, previous posts.

    The biography may be missing, as it is for most lurkers.
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


def add_following(personas: list[Persona]) -> list[Persona]:
    """Add `following`: the handles of the row numbers in `following_agentid_list`.

    Row numbers beyond the rows that were read are left out.
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
