"""Makes scenarios of SynDisco's settings of discussions, in the forms of all its releases.

* before release 1: an object for each discussion, with `user_names` (or `actor_names`),
  `user_attributes`, `user_instructions`, `conv_len`, `moderator_name` and so on
* with release 1: YAML with the sections `files`, `experiment_variables` and `turn_taking` below
  `discussions`, whose files are named there
* the arguments of `DiscussionExperiment` or of `Discussion` of releases 1 and 2, by name, in JSON
  or YAML; `users` is a list of actors, or the path of a file of personas
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from simnet.personas.persona import Persona
from simnet.scenario.discussions.discussion import (
    CONTEXT,
    INSTRUCTIONS,
    MODERATION,
)
from simnet.scenario.syndisco.actor_settings import TURN_TAKING, Actor, read_actor, read_speakers
from simnet.scenario.syndisco.experiment import DiscussionSettings
from simnet.scenario.syndisco.file_settings import people_in, read_active, read_file_settings
from simnet.scenario.syndisco.marked_fields import Fields, load_fields

_USERS = ("user", "actor")
_OF_ONE = (
    *("context", "conv_len", "history_ctx_len", "history_context_len", "users", "moderator"),
    *(f"{who}_{what}" for who in _USERS for what in ("names", "attributes", "instructions")),
    *("moderator_name", "moderator_attributes", "moderator_instructions"),
    *("seed_opinion", "seed_opinion_user", "seed_opinions", "seed_opinion_usernames"),
    *("textwrap_len", *TURN_TAKING),
)
_OF_MANY = ("num_turns", "num_active_users", "num_discussions")


def read_discussion_settings(settings: Path | str | Mapping[str, Any]) -> DiscussionSettings:
    """Read settings of discussions of any release from a file, or from an object of its form.

    Raises InputError, with file, line and field, for what cannot be read.
    """
    if isinstance(settings, Mapping):
        fields, folder = Fields(settings), Path()
    else:
        fields, folder = load_fields(settings), Path(settings).parent
    if "discussions" in fields:
        return read_file_settings(fields.object("discussions"), folder)
    fields.only((*_OF_ONE, *_OF_MANY))
    many = any(name in fields for name in _OF_MANY)
    people = _people(fields, folder)
    chosen = DiscussionSettings(
        people.users,
        fields.text("context", people.context or CONTEXT),
        people.instructions or INSTRUCTIONS,
        opinions=_opinions(fields, many=many),
        speakers=read_speakers(fields),
        turns=fields.whole("num_turns" if many else "conv_len", 10 if many else 5),
        history=fields.whole(_history(fields), 3 if many else 5),
        discussions=fields.whole("num_discussions", 5 if many else 1),
        models=people.models,
    )
    if many:
        chosen = replace(
            chosen, active=read_active(fields, "num_active_users", 2, len(people.users))
        )
    return _moderated(chosen, fields)


def _history(fields: Fields) -> str:
    return fields.first("history_ctx_len", "history_context_len")


class _People(NamedTuple):
    users: Sequence[Persona]
    context: str
    instructions: str
    models: Mapping[str, str] = {}
    """Names of models by handle."""


def _people(fields: Fields, folder: Path) -> _People:
    """Read the users: actors, a file of personas, or names with lists of attributes."""
    if "users" in fields:
        if isinstance(fields.values["users"], str):
            users = people_in(fields, "users", folder)
            return _People(users, "", fields.text("user_instructions", ""))
        listed = [read_actor(one, number) for number, one in enumerate(fields.objects("users"), 1)]
        if not listed:
            fields.wrong("users", "is empty; give one or more")
        shared = _shared(listed)
        return shared._replace(
            instructions=shared.instructions or fields.text("user_instructions", "")
        )
    who = next((one for one in _USERS if f"{one}_names" in fields), _USERS[0])
    names = fields.texts(f"{who}_names")
    if not names:
        fields.wrong(f"{who}_names", 'is missing or empty; list the users, as ["ann", "ben"]')
    traits = fields.values.get(f"{who}_attributes") or [[] for _ in names]
    if not isinstance(traits, list) or len(traits) != len(names):
        size = f"{len(traits)} entries" if isinstance(traits, list) else "no list"
        fields.wrong(
            f"{who}_attributes",
            f"has {size}, and {who}_names has {len(names)}; give one list of attributes for each",
        )
    users = []
    for place, (name, own) in enumerate(zip(names, traits, strict=True)):
        listed_own = Fields(
            {"name": name, "attributes": own},
            fields.source,
            (*fields.path, f"{who}_attributes", place),
        )
        if not isinstance(own, list):
            fields.within(f"{who}_attributes").wrong(place, "is no list of attributes")
        users.append(read_actor(listed_own, place + 1).persona)
    return _People(users, "", fields.text(f"{who}_instructions", ""))


def _shared(actors: Sequence[Actor]) -> _People:
    """Take context and instructions that all actors share; others go into their descriptions."""
    contexts = {one.context for one in actors}
    instructions = {one.instructions for one in actors}
    context = contexts.pop() if len(contexts) == 1 else ""
    shared = instructions.pop() if len(instructions) == 1 else ""
    users = []
    for one in actors:
        own = [] if context else [one.context]
        own += [] if shared else [one.instructions]
        told = " ".join(filter(None, own))
        users.append(one.persona.model_copy(update={"description": told}) if told else one.persona)
    return _People(users, context, shared, {a.persona.id: a.model for a in actors if a.model})


def _opinions(fields: Fields, *, many: bool) -> Sequence[Sequence[str | tuple[str, str]]]:
    if "seed_opinion" in fields:
        text = fields.text("seed_opinion")
        who = fields.text("seed_opinion_user", "")
        if not text.strip():
            return []
        return [[(_handle(who), text) if who else text]]
    given = fields.values.get("seed_opinions") or []
    if not isinstance(given, list):
        fields.wrong("seed_opinions", 'is no list; write ["one", "two"]')
    if many:
        return [
            [one] if isinstance(one, str) else _texts(fields, "seed_opinions", place, one)
            for place, one in enumerate(given)
        ]
    texts, names = fields.texts("seed_opinions"), fields.texts("seed_opinion_usernames")
    if names and len(names) != len(texts):
        fields.wrong(
            "seed_opinion_usernames",
            f"has {len(names)} names, and seed_opinions has {len(texts)} texts; give as many",
        )
    if names:
        return [[(_handle(name), text) for name, text in zip(names, texts, strict=True)]]
    return [texts] if texts else []


def _texts(fields: Fields, name: str, place: int, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        fields.within(name).wrong(place, "is neither a text nor a list of texts")
    return value


def _handle(name: str) -> str:
    return read_actor(Fields({"name": name}), 1).persona.id


def _moderated(chosen: DiscussionSettings, fields: Fields) -> DiscussionSettings:
    """Add the moderator, if there is one."""
    if "moderator" in fields:
        actor = read_actor(fields.object("moderator"), 1, "moderator")
        told = actor.instructions or fields.text("moderator_instructions", "") or MODERATION
        own = {actor.persona.id: actor.model} if actor.model else {}
        models = {**chosen.models, **own}
        return replace(chosen, moderator=actor.persona, moderation=told, models=models)
    if not fields.text("moderator_name", ""):
        return chosen
    named = {
        "name": fields.text("moderator_name"),
        "attributes": fields.texts("moderator_attributes"),
    }
    moderator = read_actor(Fields(named, fields.source, fields.path), 1).persona
    told = fields.text("moderator_instructions", "") or MODERATION
    return replace(chosen, moderator=moderator, moderation=told)
