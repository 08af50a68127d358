"""Writes made personas as a data set."""

from pathlib import Path

from simnet.foundation.text import one_line
from simnet.synthesis.data_set import (
    MADE_PERSONAS,
    PERSONAS,
    DataSet,
    FileFormat,
    persona_row,
    write_data_set,
)
from simnet.synthesis.people.persona_job import Made, PersonaJob

_COLUMNS = [
    "- `id`, `description`: the handle of the persona, and who it is.",
    "- `attributes`: a JSON object. `untold`: names of attributes that no prompt contains.",
    "- `source`, `format`, `licence`, `revision`: of the data that the persona was made of.",
]
_PROVENANCE = [
    "- `made_from`: the id of the persona it was made of, or the hash of the text.",
    "- `method`, `relation`, `hop`: how, who it is to the persona before, after how many steps.",
    "- `text_hash`: the hash of the text at the start. `model`, `seed`: who was asked, and how.",
]


def write_personas(
    out: Path, job: PersonaJob, made: Made, file_format: FileFormat, *, force: bool = False
) -> int:
    """Write a folder that `datasets.load_dataset` reads, and `load_personas` its file.

    Returns the number of personas. Raises as `write_data_set` does.
    """
    relations = [one or "any relation" for one in job.plan.relations]
    facts: dict[str, object] = {
        "Model": made.model,
        "Made of": job.describe(),
        "Steps from persona to persona": job.plan.hops,
        "Relations": one_line(", ".join(relations)) if job.plan.hops else "none",
        "Seed": job.plan.seed,
        "Near repeats found by": made.repeats,
    }
    if job.wanted:
        facts["Attributes filled by the model"] = ", ".join(one.name for one in job.wanted)
    if made.contradictory is not None:
        facts["Attributes contradict the description, says the judge"] = made.contradictory
    data_set = DataSet(
        name="personas",
        title="Personas made by a model",
        schema=MADE_PERSONAS if job.makes_personas else PERSONAS,
        columns=[*_COLUMNS, *(_PROVENANCE if job.makes_personas else [])],
        facts=facts,
        file_format=file_format,
    )
    return write_data_set(out, data_set, map(persona_row, made.personas()), force=force)
