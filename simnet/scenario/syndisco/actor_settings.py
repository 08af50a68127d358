"""Actors and turn managers of SynDisco, in the forms of all its releases.

An actor is a flat object of attributes (a persona), an object with `name` and `attributes`
(release 1), or one with its `persona` nested (release 2).
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from simnet.personas.names import normal, sanitised
from simnet.personas.persona import Persona
from simnet.personas.sources.columns.fields import FieldError, attributes, flattened
from simnet.scenario.discussions.speakers import (
    NextSpeaker,
    RandomSpeaker,
    RespondsWith,
    RoundRobin,
)
from simnet.scenario.syndisco.marked_fields import Fields

TURN_TAKING = (
    *("turn_manager_type", "turn_manager_config", "turn_manager", "next_turn_manager"),
    *("respond_probability", "p_respond", "randomize_first_speaker"),
)
"""Fields that say who speaks next."""
NAMES = ("name", "username")
_OF_ACTORS = frozenset(
    {"model", "context", "instructions", "actor_type", "type", "is_annotator", *NAMES}
)
"""Fields of an actor beside its persona."""
_UNNAMED = "<Unnamed>"


class Actor(NamedTuple):
    """A persona, and what it is told beside that."""

    persona: Persona
    context: str
    instructions: str
    model: str
    """The name of its model, as runs name models; empty if it has none."""


def read_actor(fields: Fields, number: int, noun: str = "user") -> Actor:
    """Read an actor in any of the forms; without a name it is called by its number."""
    inner = fields.object("persona") if "persona" in fields else fields
    given = inner.values
    nested = inner is not fields or "attributes" in fields
    if inner is fields and "attributes" in fields:
        own = fields.values["attributes"]
        given = own if isinstance(own, dict) else {"attributes": fields.texts("attributes")}
    name = _name(fields) or _name(inner) or f"{noun}{number}"
    told = {key: value for key, value in given.items() if key not in NAMES}
    if not nested:
        told = {key: value for key, value in told.items() if key not in _OF_ACTORS}
    return Actor(
        make_persona(name, told, inner),
        fields.text("context", ""),
        fields.text("instructions", ""),
        _model(fields.values.get("model")),
    )


def _model(given: Any) -> str:
    """Write the name of a model in letters, digits, `-` and `_`; it may be an address on a hub."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", given).strip("-") if isinstance(given, str) else ""


def make_persona(name: str, told: Mapping[str, Any], where: Fields) -> Persona:
    """Make a persona of a name and attributes; those that are empty are left out."""
    filled = {key: value for key, value in told.items() if value not in (None, "", [], {})}
    try:
        found = attributes(flattened(filled), but=frozenset())
        return Persona(id=sanitised(normal(name)), attributes=found)
    except FieldError as error:
        where.wrong("attributes", f"cannot be read: {error}")


def _name(fields: Fields) -> str | None:
    for one in NAMES:
        if one in fields and fields.values[one] != _UNNAMED:
            name = fields.text(one).strip()
            if not name:
                fields.wrong(one, "is empty")
            return name
    return None


def read_speakers(fields: Fields) -> NextSpeaker:
    """Read who speaks next: a turn manager by its name in any release, with its settings.

    It is `turn_manager_type`, with `turn_manager_config` or the setting beside it, or
    `turn_manager` or `next_turn_manager`: a name, or an object with `type` and settings.
    """
    name = fields.first("turn_manager_type", "turn_manager", "next_turn_manager")
    if name not in fields:
        chance = fields.first("respond_probability", "p_respond")
        return RespondsWith(fields.share(chance, 0.5)) if chance in fields else RoundRobin()
    value = fields.values[name]
    if isinstance(value, dict):
        settings = fields.object(name)
        kind = settings.text(settings.first("type", "name", "class"))
        where, field = settings, settings.first("type", "name", "class")
    else:
        kind = fields.text(name)
        settings = fields.object("turn_manager_config")
        settings = settings if settings.values else fields
        where, field = fields, name
    speakers = _speakers(kind, settings)
    if speakers is None:
        where.wrong(
            field,
            f"is {kind!r:.60}; SynDisco has QueueTurnManager (round_robin), RespondTurnManager "
            "(random_weighted) and RandomTurnManager (random)",
        )
    return speakers


def _speakers(kind: str, settings: Fields) -> NextSpeaker | None:
    match kind.casefold().replace("_", "").replace("-", "").removesuffix("turnmanager"):
        case "roundrobin" | "roundrobbin" | "queue":
            return RoundRobin(settings.flag("randomize_first_speaker", default=False))
        case "randomweighted" | "respond":
            chance = settings.first("p_respond", "respond_probability")
            return RespondsWith(settings.share(chance, 0.5))
        case "random":
            return RandomSpeaker()
        case _:
            return None
