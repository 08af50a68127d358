"""Finds in the attributes of personas whom they follow and what they said before.

Attributes of these names are filled by formats that have them, and are columns of one's own files.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from simnet.datafiles import Broken
from simnet.foundation.text import did_you_mean
from simnet.personas.names import normal
from simnet.personas.persona import Attribute, Persona
from simnet.personas.sources.columns.fields import FieldError, listing
from simnet.personas.sources.draft import Found

FOLLOWS = ("following", "follows")
"""Attributes with a list of those whom somebody follows, by handle, original id or name."""
POSTS = ("previous_tweets", "previous_posts", "first_posts")
"""Attributes with a list of what somebody posted before."""


class Relations(NamedTuple):
    """Who follows whom and who said what, by handles."""

    ties: list[tuple[str, str]]
    """Pairs (follower, followee)."""
    posts: list[tuple[str, str]]
    """Pairs (author, text), in the order of the file."""


def relations(found: Sequence[Found], *, whole: bool) -> tuple[Relations, list[Broken]]:
    """Read the ties and the posts of some personas, and list what cannot be used.

    If the file was read as a `whole`, names of nobody are listed; else they are those of people
    who were not read.
    """
    find = finder(one.persona for one in found)
    ties: dict[tuple[str, str], None] = {}
    posts: list[tuple[str, str]] = []
    broken: list[Broken] = []
    for one in found:
        who, attributes = one.persona.id, one.persona.attributes
        try:
            posts += [(who, text) for text in _listed(attributes, POSTS)[1] if text.strip()]
            field, names = _listed(attributes, FOLLOWS)
            for name in names:
                followee = find(name)
                if followee is None and whole:
                    hint = did_you_mean(name, [other.persona.id for other in found])
                    problem = f"names {name!r}, who is not in this file{hint}"
                    broken.append(Broken(one.place, f"field `{field}`: {problem}"))
                elif followee is not None and followee != who:
                    ties[who, followee] = None
        except FieldError as error:
            broken.append(Broken(one.place, str(error)))
    return Relations(list(ties), posts), broken


def finder(people: Iterable[Persona]) -> Callable[[str], str | None]:
    """Return what finds a handle by itself, by the id from before the import, or by a name.

    Names that two people have find nobody.
    """
    handles: dict[str, str] = {}
    others: dict[str, str | None] = {}
    for one in people:
        handles[one.id] = one.id
        for attribute in ("original_id", "name"):
            name = one.attributes.get(attribute)
            if isinstance(name, str):
                known = others.setdefault(normal(name), one.id)
                others[normal(name)] = one.id if known == one.id else None

    def find(name: str) -> str | None:
        bare = normal(name.strip())
        for spelt in (bare, bare.removeprefix("@")):
            if spelt in handles:
                return spelt
        return others.get(bare)

    return find


def _listed(attributes: dict[str, Attribute], names: Sequence[str]) -> tuple[str, list[str]]:
    """Return the first of some attributes that is a list, written as text or not, and its items.

    Numbers under such names are counts. Raises FieldError for a text that is no list.
    """
    for name in names:
        value = attributes.get(name)
        if isinstance(value, list):
            return name, value
        if isinstance(value, str) and value.strip():
            return name, listing(dict(attributes), name)
    return "", []
