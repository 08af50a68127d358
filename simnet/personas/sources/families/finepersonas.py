"""FinePersonas: a persona and its labels, which are a list in some files and text in others."""

from simnet.personas.persona import Attribute
from simnet.personas.sources.columns.fields import listing
from simnet.personas.sources.draft import Draft
from simnet.personas.sources.families.own import persona_column
from simnet.personas.sources.family import Fields, Format

_OWN = frozenset({"labels", "cluster_label", "summary_label"})


def _fits(fields: Fields) -> bool:
    return isinstance(fields.get("persona", ""), str | None) and (
        "persona" in fields and not fields.keys().isdisjoint(_OWN)
    )


def _convert(fields: Fields) -> Draft:
    lists = [name for name in ("labels", "summary_label") if fields.get(name) is not None]
    draft = persona_column({name: fields[name] for name in fields if name not in lists})
    labels: dict[str, Attribute] = {name: listing(fields, name) for name in lists}
    return draft._replace(attributes=draft.attributes | labels, untold=("cluster_label",))


FINEPERSONAS = Format(
    "finepersonas",
    _fits,
    _convert,
    columns=("id", "persona", *sorted(_OWN)),
    licence="Llama 3 Community License",
)
