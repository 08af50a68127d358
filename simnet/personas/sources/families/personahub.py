"""PersonaHub: a persona in `input persona` beside a text, or alone, or with domains."""

from simnet.personas.sources.columns.fields import attributes, text
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.family import Fields, Format

_DOMAINS = tuple(
    f"{kind} domain (top {share} percent)" for kind in ("general", "specific") for share in (1, 0.1)
)


def _fits(fields: Fields) -> bool:
    columns = {"input persona", _DOMAINS[0]}
    return not fields.keys().isdisjoint(columns) or set(fields) == {"persona"}


def _convert(fields: Fields) -> Draft:
    """Convert a row, whose `description` is the purpose of the row and no portrait."""
    if "input persona" in fields:
        kept = attributes(fields, but=frozenset())
        return Draft(None, text(fields, "input persona"), kept, untold=tuple(kept))
    domains = {name: value for name, value in fields.items() if value != "None"}
    return Draft(None, text(fields, "persona"), attributes(domains, but=frozenset({"persona"})))


PERSONAHUB = Format(
    "personahub",
    _fits,
    _convert,
    columns=("input persona", "synthesized text", "description", "persona", *_DOMAINS),
    licence="CC-BY-NC-SA-4.0",
)
