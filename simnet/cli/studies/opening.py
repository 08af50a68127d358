"""Opens studies for commands: the study of a Python file, and its folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simnet.foundation.text import counted

if TYPE_CHECKING:
    from simnet.studies.study import Study

StudyTarget = Annotated[
    str, typer.Argument(metavar="FILE[:NAME]", help="The Python file of the study.")
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="The study's folder; by default studies/NAME."),
]


def load_study(target: str) -> "Study":
    """Load a study from a Python file. Raises UsageError, ScenarioError."""
    from simnet.scenario.files.value_loading import load_value  # noqa: PLC0415
    from simnet.studies.study import Study  # noqa: PLC0415  (imports scipy)

    return load_value(target, Study, "study")


def folder_of(study: "Study", out: Path | None) -> Path:
    """Return the folder of a study."""
    return out.expanduser() if out is not None else Path("studies") / study.name


def completeness(runs: int, complete: int, measured: int) -> str:
    """Say how many runs are complete, and how many of these are measured, if not all are."""
    lacking = "" if measured == complete else f", {measured} of them measured by all measures"
    return f"{complete} of {counted(runs, 'run')} complete{lacking}"
