"""The profiles of OASIS: JSON lists for its Reddit, CSV tables for its Twitter."""

from collections.abc import Sequence

from simnet.personas.persona import Persona
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format
from simnet.personas.sources.fields import (
    FieldError,
    attributes,
    listing,
    optional_identifier,
    optional_text,
    text,
)

_LISTS = ("following_agentid_list", "previous_tweets")


def is_twitter(fields: Fields) -> bool:
    """Return whether a row is from a Twitter file."""
    return "user_char" in fields or "following_agentid_list" in fields


def is_reddit(fields: Fields) -> bool:
    """Return whether a row is from a Reddit file."""
    return {"bio", "persona"} <= fields.keys() and not fields.keys().isdisjoint(
        {"username", "user_name"}
    )


def reddit(fields: Fields) -> Draft:
    """Read one profile of a Reddit file; some writers call the handle `user_name`."""
    name = "username" if "username" in fields else "user_name"
    values = attributes(fields, but=frozenset({name, "persona", "interested_topics"}))
    values["interested_topics"] = listing(fields, "interested_topics")
    return Draft(text(fields, name), text(fields, "persona"), values)


def twitter(fields: Fields) -> Draft:
    """Read one profile of a Twitter file: biography, followees, previous posts.

    The biography may be missing, as it is for most lurkers.
    """
    key = optional_identifier(fields, "username", "name")
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


def add_following(personas: Sequence[Persona], rows: Sequence[int]) -> list[Persona]:
    """Add `following`: the handles of the row numbers in `following_agentid_list`.

    `rows` has the number of each persona's row in the file, from 0. Numbers of rows that were
    not read are left out.
    """
    handles = {row: one.id for row, one in zip(rows, personas, strict=True)}
    return [
        one.model_copy(
            update={
                "attributes": one.attributes | {"following": _following(one, handles)},
                "untold": (*one.untold, "following"),
            }
        )
        for one in personas
    ]


def _following(one: Persona, handles: dict[int, str]) -> list[str]:
    positions = one.attributes[_LISTS[0]]
    numbers = [int(position) for position in positions] if isinstance(positions, list) else []
    return [handles[number] for number in numbers if number in handles]


TWITTER = Format(
    "oasis-twitter",
    is_twitter,
    twitter,
    columns=("username", "name", "user_char", "description", *_LISTS),
    licence="Apache-2.0",
    repeats=True,
    link=add_following,
)
REDDIT = Format(
    "oasis-reddit",
    is_reddit,
    reddit,
    columns=("username", "user_name", "bio", "persona", "interested_topics"),
    licence="Apache-2.0",
    repeats=True,
)
