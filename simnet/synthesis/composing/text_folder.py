"""Writes texts made with personas as a data set, in the columns of PersonaHub."""

from pathlib import Path

from simnet.foundation.text import counted
from simnet.synthesis.composing.demonstrations import describe
from simnet.synthesis.composing.text_job import MadeTexts, TextJob
from simnet.synthesis.data_set import TEXTS, DataSet, FileFormat, write_data_set

_COLUMNS = [
    "- `input persona`, `synthesized text`, `description`: those of PersonaHub; the last is the",
    "  kind of text.",
    "- `task`, `mode`: which prompts were used. `model`, `seed`: who was asked, and how.",
    "- `persona_id`, `persona_hash`: the persona and a hash of `input persona`.",
    "- `source`, `format`, `licence`, `revision`: of the data that the persona comes from.",
]


def write_texts(
    out: Path, job: TextJob, made: MadeTexts, file_format: FileFormat, *, force: bool = False
) -> int:
    """Write a folder that `datasets.load_dataset` reads; return the number of texts.

    Raises as `write_data_set` does.
    """
    plan = job.plan
    data_set = DataSet(
        name=plan.task.name,
        title=f"Texts made with personas: {plan.task.description}",
        schema=TEXTS,
        columns=_COLUMNS,
        facts={
            "Model": made.model,
            "Prompts": describe(plan.demonstrations, plan.mode),
            "Made with": counted(len(job.personas), "persona"),
            "Texts asked for each persona": plan.per,
            "Seed": plan.seed,
            "Near repeats found by": made.repeats,
        },
        file_format=file_format,
    )
    return write_data_set(out, data_set, made.rows(), force=force)
