"""`simnet calibrate` fits parameters of a scenario to real data."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simnet.cli.options import AsJson, Backend
from simnet.cli.output import print_json, print_table
from simnet.foundation.text import counted, visible

if TYPE_CHECKING:
    from simnet.studies.calibrating import Trial

_DEFAULT_BUDGET = 40
"""That of `simnet.studies.calibrate`, which imports scipy; a test compares them."""


def calibrate(
    target: Annotated[
        str,
        typer.Argument(metavar="FILE[:NAME]", help="The Python file of the calibration."),
    ],
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The real data; by default as FILE says.")
    ] = None,
    budget: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many sets of parameters are tried.")
    ] = _DEFAULT_BUDGET,
    backend: Backend = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for calibration.json.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier result.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fit parameters to one half of real data, and check the fit with the other half."""
    from simnet.scenario.files.value_loading import load_value  # noqa: PLC0415
    from simnet.studies import Calibration  # noqa: PLC0415  (imports scipy)
    from simnet.studies import calibrate as fit  # noqa: PLC0415
    from simnet.studies.calibrating import as_dict  # noqa: PLC0415

    calibration = load_value(target, Calibration, "calibration")
    lines = _Lines(budget)
    found = fit(
        calibration, data=data, budget=budget, backend=backend, out=out, force=force, report=lines
    )
    if as_json:
        print_json(as_dict(calibration, found))
        return
    typer.echo(
        visible(f"best of {counted(len(found.trials), 'trial')}: {_words(found.best.parameters)}")
    )
    headings = ("measure", "data", "simulated", "real", "NRMSE", "KS", "KS p", "Wasserstein")
    rows = [
        (one.measure, half, *(f"{value:.4g}" for value in one[1:]))
        for half, fits in (("fitted", found.fitted), ("held out", found.held_out))
        for one in fits
    ]
    print_table(headings, rows, numbers=headings[2:])


class _Lines:
    """Prints a line on stderr for each trial."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._tried = 0

    def __call__(self, trial: "Trial") -> None:
        self._tried += 1
        line = f"{self._tried}/{self._budget} loss {trial.loss:.4g}: {_words(trial.parameters)}"
        sys.stderr.write(visible(line) + "\n")


def _words(parameters: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value:.4g}" for name, value in parameters.items())
