"""AgentSociety: numbered citizens with a story of their lives, and agents of a configuration."""

from simnet.personas.sources.columns.fields import attributes, flattened, optional_identifier, prose
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format

_STORY = "background_story"
_PLACES = ("home", "work")
"""Positions on the map of a city, as numbers of areas."""
_AGENT = frozenset({"id", "agent_id", "agent_type", "kwargs", "profile"})


def _agent(fields: Fields) -> Fields | None:
    """Return what release 2 says of an agent: its number and its profile; None for other rows."""
    inner = fields.get("kwargs") if "agent_type" in fields else fields
    if not isinstance(inner, dict) or not isinstance(inner.get("profile"), dict | str):
        return None
    is_one = "agent_type" in fields or (fields.keys() <= _AGENT and not _AGENT.isdisjoint(fields))
    return {**inner, "id": inner.get("id", fields.get("agent_id"))} if is_one else None


def _fits(fields: Fields) -> bool:
    return {"name", _STORY} <= fields.keys() or _agent(fields) is not None


def _convert(fields: Fields) -> Draft:
    agent = _agent(fields)
    if agent is None:
        return _citizen(fields)
    profile = agent["profile"]
    if isinstance(profile, str):
        return Draft(optional_identifier(agent, "id"), profile, {})
    return _citizen({**flattened(profile), "id": agent["id"]})


def _citizen(fields: Fields) -> Draft:
    values = attributes(fields, but=frozenset({"id", _STORY}))
    places = tuple(name for name in _PLACES if isinstance(fields.get(name), dict))
    places += tuple(name for name in values if name.endswith(("_aoi_id", "_poi_id")))
    name = optional_identifier(fields, "name")
    key = optional_identifier(fields, "id")
    return Draft(key, prose(fields.get(_STORY)), values, untold=places, name=name)


AGENTSOCIETY = Format("agentsociety", _fits, _convert, ("id", "name", _STORY))
