"""The profiles of OASIS: JSON lists for its Reddit, CSV tables for its Twitter."""

from collections.abc import Sequence

from simnet.datafiles import Broken
from simnet.personas.sources.columns.fields import (
    FieldError,
    attributes,
    listing,
    optional_identifier,
    optional_text,
    text,
)
from simnet.personas.sources.draft import Draft, Found
from simnet.personas.sources.family import Fields, Format

_LISTS = ("following_agentid_list", "previous_tweets")
_MOST_NAMED = 5


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


def add_following(found: Sequence[Found], rows: int | None) -> tuple[list[Found], list[Broken]]:
    """Add `following`: the handles of the row numbers in `following_agentid_list`.

    Rows that could not be read are left out, as are all beyond the last if only the first rows
    were read (`rows` is None); else numbers of rows that the file does not have are listed.
    """
    handles = {one.row: one.persona.id for one in found}
    linked, unknown = [], []
    for one in found:
        listed = one.persona.attributes[_LISTS[0]]
        numbers = [int(number) for number in listed] if isinstance(listed, list) else []
        following = [handles[number] for number in numbers if number in handles]
        linked.append(one.with_attribute("following", following))
        beyond = [str(number) for number in numbers if rows is not None and number >= rows]
        if rows is not None and beyond:
            problem = (
                f"{', '.join(beyond[:_MOST_NAMED])} is no agent of this file, whose positions are "
                f"0 to {rows - 1}; mend the list or add the rows"
            )
            unknown.append(Broken(one.place, f"field `{_LISTS[0]}`: {problem}"))
    return linked, unknown


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
