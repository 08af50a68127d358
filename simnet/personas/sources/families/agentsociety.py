"""AgentSociety: numbered citizens with a story of their lives."""

from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format, has
from simnet.personas.sources.fields import attributes, optional_identifier, prose

_STORY = "background_story"


def _convert(fields: Fields) -> Draft:
    values = attributes(fields, but=frozenset({"id", _STORY}))
    name = optional_identifier(fields, "name")
    return Draft(optional_identifier(fields, "id"), prose(fields.get(_STORY)), values, name=name)


AGENTSOCIETY = Format("agentsociety", has("name", _STORY), _convert, ("id", "name", _STORY))
