"""Reads a `simulation_config.json` of MiroFish: what each agent does, and the first posts."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simnet.datafiles import Broken
from simnet.errors import PersonaError
from simnet.personas.persona import Persona
from simnet.personas.sources.columns.fields import FieldError, attributes
from simnet.personas.sources.draft import Found

_AGENTS = ("agent_configs", "agents")
_TOLD = ("stance",)
"""What a prompt may contain; rates and hours make a rhythm."""
_LEFT_OUT = frozenset({"agent_id", "entity_uuid", "entity_name", "entity_type"})
FIRST_POSTS = "first_posts"


def with_config(found: Sequence[Found], path: Path) -> tuple[list[Found], list[Broken]]:
    """Give personas the attributes that a file of settings has for them, and their first posts.

    An agent is known by `agent_id`: the `user_id` of a profile, else its position in the file.
    Raises PersonaError for a file that is no such settings; lists those of nobody.
    """
    config = _read(path)
    by_id = _by_id([one.persona for one in found])
    added: dict[str, dict[str, Any]] = {}
    broken: list[Broken] = []
    name = next(name for name in _AGENTS if isinstance(config.get(name), list))
    events = config.get("event_config")
    posts = events.get("initial_posts") or [] if isinstance(events, dict) else []
    for number, agent in enumerate(config[name], 1):
        place = f"{path}: {name}, item {number}"
        try:
            who = _agent(agent, "agent_id", by_id)
            added.setdefault(who, {}).update(attributes(agent, but=_LEFT_OUT))
        except FieldError as error:
            broken.append(Broken(place, str(error)))
    for number, post in enumerate(posts, 1):
        place = f"{path}: event_config.initial_posts, item {number}"
        try:
            who = _agent(post, "poster_agent_id", by_id)
            added.setdefault(who, {}).setdefault(FIRST_POSTS, []).append(_content(post))
        except FieldError as error:
            broken.append(Broken(place, str(error)))
    return [_with(one, added.get(one.persona.id, {})) for one in found], broken


def _read(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise PersonaError(f"{path}: {error.strerror}; check the path") from None
    except UnicodeDecodeError:
        raise PersonaError(f"{path} is not UTF-8; save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise PersonaError(f"{path}: line {error.lineno}: not JSON: {error.msg}") from None
    if not isinstance(config, dict) or not any(isinstance(config.get(n), list) for n in _AGENTS):
        raise PersonaError(
            f"{path} has no list `agent_configs`, so it is no simulation_config.json of MiroFish"
        )
    return config


def _by_id(personas: Sequence[Persona]) -> dict[str, str]:
    numbers = [one.attributes.get("user_id") for one in personas]
    if any(number is None for number in numbers):
        numbers = list(range(len(personas)))
    return {str(number): one.id for number, one in zip(numbers, personas, strict=True)}


def _agent(item: Any, field: str, by_id: dict[str, str]) -> str:
    if not isinstance(item, dict):
        raise FieldError("", "is no object")
    number = item.get(field)
    if str(number) not in by_id:
        raise FieldError(field, f"is {number!r}, which is no agent of the file of profiles")
    return by_id[str(number)]


def _content(post: dict[str, Any]) -> str:
    content = post.get("content")
    if not isinstance(content, str) or not content.strip():
        raise FieldError("content", "is no text; write what the agent posts")
    return content


def _with(found: Found, added: dict[str, Any]) -> Found:
    if not added:
        return found
    one = found.persona
    untold = [name for name in added if name not in _TOLD and name not in one.untold]
    update = {"attributes": one.attributes | added, "untold": (*one.untold, *untold)}
    return found._replace(persona=one.model_copy(update=update))
