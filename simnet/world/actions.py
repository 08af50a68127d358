"""Verbs are classes of actions; what an action did is an Effect.

A verb's fields are what a persona has to choose. Their annotations decide how the verb is
offered to a model, how a reply is parsed and which columns of the record it fills. Its
`relation` says what it is to the post or member it is about, such as a reply. Its `do` is its
rule. The built-in verbs live in `simnet.world.verbs`; one of your own works the same way::

    @dataclass(frozen=True, slots=True)
    class Verify(Action):
        "Vouch for a post."
        verb: ClassVar[str] = "verify"
        post: PostId

        def do(self, world, who, now):
            post = world.visible_post(who, self.post)
            return Effect(post=post.id, root=post.root)

A field may be a number: `Annotated[int, Bounds(1, 5)]`, `Annotated[float, Bounds(-1, 1)]`.
What a rule keeps in `world.kept` under the names in the verb's `records` becomes rows of the
table `state`.
"""

import re
from collections.abc import Hashable
from dataclasses import dataclass, fields
from functools import cache
from typing import (
    Annotated,
    ClassVar,
    Literal,
    NamedTuple,
    TypeAlias,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from simnet.clock import Seconds
from simnet.errors import ActionError
from simnet.world.bounds import WIDEST, Bounds
from simnet.world.state.world_state import WorldState

PostId: TypeAlias = Annotated[int, "post"]
"""A post that was shown."""
Member: TypeAlias = Annotated[str, "member"]
"""The handle of someone whose post or message was shown, or whom the platform suggested."""
Group: TypeAlias = Annotated[str, "group"]
"""The name of a group."""
Community: TypeAlias = Annotated[str, "community"]
"""The name of a community of a forum."""
Text: TypeAlias = Annotated[str, "text"]
"""A text that the member writes."""

FieldKind: TypeAlias = Literal[
    "post", "member", "group", "community", "text", "choice", "int", "float"
]

Relation: TypeAlias = Literal[
    "post",
    "reply",
    "quote",
    "repost",
    "reaction",
    "retraction",
    "label",
    "removal",
    "moderation",
    "message",
    "tie",
    "none",
]
"""What an action is to the post or member it is about. Threads, cascades and rhythms read this
in place of the verb's name.

* post: makes a post that begins a thread
* reply: makes a post below `post`
* quote: makes a post that shows `post` and begins a thread
* repost: passes `post` on to followers as it is
* reaction: gives `post` the member's one reaction, named by `text` or else by the verb
* retraction: takes the member's reaction to `post` back
* label: puts the note `text` on `post`
* removal: takes `post` down
* moderation: any other act of moderating, reports included
* message: writes to `whom` or to `group` alone
* tie: changes whom one follows, mutes or blocks, or which groups one is in
* none: none of these
"""
RELATIONS: tuple[str, ...] = get_args(Relation)


class Effect(NamedTuple):
    """What an action touched and made; each field becomes the column of `Event` with its name."""

    post: int | None = None
    """The post acted on."""
    made: int | None = None
    """The post that was made."""
    root: int | None = None
    """The post that began the thread of `post` or `made`."""
    whom: str | None = None
    """Handle of the member acted on."""
    group_name: str | None = None
    """The group or the community."""
    text: str | None = None
    """What was said."""
    extra: str | None = None
    """What has no column of its own, as JSON."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something a persona can do. Subclasses are frozen dataclasses with a `verb`.

    Raises TypeError for a subclass whose `relation` is none of `RELATIONS` or whose `records`
    is no tuple of names.
    """

    verb: ClassVar[str] = ""
    relation: ClassVar[Relation] = "none"
    records: ClassVar[tuple[str, ...]] = ()
    """Names in `world.kept`; whatever changes under them is a row of the table `state`."""

    def __init_subclass__(cls) -> None:
        if cls.relation not in RELATIONS:
            raise TypeError(
                f"{cls.__name__}.relation is {cls.relation!r}; choose {', '.join(RELATIONS)}"
            )
        if not isinstance(cls.records, tuple) or not all(
            isinstance(name, str) and name for name in cls.records
        ):
            raise TypeError(f"{cls.__name__}.records is {cls.records!r}; give a tuple of names")

    def __reduce__(self) -> tuple[type["Action"], tuple[object, ...]]:
        # Frozen dataclasses with slots pickle through two Python calls each; actions cross
        # processes by the million.
        return type(self), tuple([getattr(self, field.name) for field in fields_of(type(self))])

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Change the world, or raise ActionError and leave it as it was.

        `who` is the member's position in `world.handles`.
        """
        raise NotImplementedError


class Field(NamedTuple):
    """One field of a verb: its name, its kind, the choices of a Literal, the bounds of a number."""

    name: str
    kind: FieldKind
    choices: tuple[str, ...] = ()
    bounds: Bounds = WIDEST


def fields_of(verb: type[Action]) -> tuple[Field, ...]:
    """List the fields of a verb.

    Raises TypeError for an annotation that is no field kind, a choice that is not one word, or
    a second field of kind Text.
    """
    return _fields_of(cast("Hashable", verb))


@cache
def _fields_of(verb: Hashable) -> tuple[Field, ...]:
    hints = get_type_hints(verb, include_extras=True)
    found = tuple(
        _field(verb, field.name, hints[field.name]) for field in fields(cast("type[Action]", verb))
    )
    texts = [field.name for field in found if field.kind == "text"]
    if len(texts) > 1:
        raise TypeError(f"{verb}: {' and '.join(texts)} are Text; a verb has one at most")
    return found


def _field(verb: Hashable, name: str, hint: object) -> Field:
    if get_origin(hint) is Literal:
        choices = tuple(str(choice) for choice in get_args(hint))
        for choice in choices:
            if not re.fullmatch(r"\w+", choice):
                raise TypeError(f"{verb}.{name}: {choice!r} is not one word")
        return Field(name, "choice", choices)
    if (number := _number_field(name, hint)) is not None:
        return number
    match getattr(hint, "__metadata__", ()):
        case ("post" | "member" | "group" | "community" | "text" as kind,):
            return Field(name, kind)
        case _:
            raise TypeError(
                f"{verb}.{name}: annotate it as PostId, Member, Group, Community, Text, a Literal, "
                "int, float or Annotated[int, Bounds(1, 5)]"
            )


def _number_field(name: str, hint: object) -> Field | None:
    """Make the field of `int`, `float` and of these with bounds; None for another annotation."""
    plain = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    bounds = [one for one in getattr(hint, "__metadata__", ()) if isinstance(one, Bounds)]
    if plain not in {int, float} or (plain is not hint and not bounds):
        return None
    return Field(name, "int" if plain is int else "float", bounds=bounds[0] if bounds else WIDEST)


def check_numbers(action: Action) -> None:
    """Raise ActionError if a number of an action is not within its bounds."""
    # Hot: no cast, although mypy takes classes for unhashable.
    for name, kind, bounds in _numbers_of(type(action)):  # type: ignore[arg-type]
        value = getattr(action, name)
        kinds = (int,) if kind == "int" else (int, float)
        if isinstance(value, bool) or type(value) not in kinds or not bounds.holds(value):
            raise ActionError(f"{name} is {value!r}; give {bounds.in_words(kind)}")


@cache
def _numbers_of(verb: Hashable) -> tuple[tuple[str, str, Bounds], ...]:
    return tuple(
        (field.name, field.kind, field.bounds)
        for field in _fields_of(verb)
        if field.kind in {"int", "float"}
    )
