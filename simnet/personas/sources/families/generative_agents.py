"""Generative Agents (Park et al. 2023): the `scratch.json` of an agent, its state included."""

from simnet.personas.sources.columns.fields import attributes, prose, text
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format, has

_PROSE = ("learned", "currently")
_TOLD = ("name", "age", "innate", "lifestyle", *_PROSE)


def _convert(fields: Fields) -> Draft:
    values = attributes(fields, but=frozenset(_PROSE))
    state = tuple(name for name in values if name not in _TOLD)
    description = prose(*(fields.get(column) for column in _PROSE))
    return Draft(None, description, values, untold=state, name=text(fields, "name"))


GENERATIVE_AGENTS = Format(
    "generative-agents", has("name", "innate", "learned"), _convert, ("name", "innate", *_PROSE)
)
