"""SiliSocS: records of agents in three shapes, all with a name."""

from simnet.personas.sources.columns.fields import attributes, flattened, optional_identifier, text
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format

_SHAPES = (
    {"agent_id", "name", "context"},
    {"name", "context", "memories"},
    {"name", "persona", "processed_persona"},
)


def _fits(fields: Fields) -> bool:
    return any(shape <= fields.keys() for shape in _SHAPES)


def _convert(fields: Fields) -> Draft:
    portrait = "context" if "context" in fields else "persona"
    initial = fields.get("initial_attributes")
    others = {name: value for name, value in fields.items() if name != "initial_attributes"}
    if isinstance(initial, dict):
        others |= {name: value for name, value in flattened(initial).items() if name not in others}
    values = attributes(others, but=frozenset({portrait, "agent_id"}))
    name = optional_identifier(fields, "name")
    key = optional_identifier(fields, "agent_id")
    untold = ("system_prompt", "processed_persona", "initial_belief", "source_index")
    return Draft(key, text(fields, portrait), values, untold, name)


SILISOCS = Format(
    "silisocs",
    _fits,
    _convert,
    columns=("agent_id", "name", "context", "memories", "persona", "processed_persona"),
)
