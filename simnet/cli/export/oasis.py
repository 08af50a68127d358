"""`simnet export oasis` writes an SQLite database with OASIS's tables."""

from typing import Annotated, Literal

import typer

from simnet.cli.export.sharing import Force, Out, print_caveats, print_exported
from simnet.cli.opening import open_run
from simnet.cli.options import AsJson, RunName, Runs
from simnet.cli.run_names import RUNS


def oasis(
    run: RunName,
    out: Out,
    runs: Runs = RUNS,
    force: Force = False,
    clock: Annotated[
        Literal["minutes", "datetime"],
        typer.Option(help="How times are written: as OASIS's time steps, or as dates."),
    ] = "minutes",
    as_json: AsJson = False,
) -> None:
    """Write an SQLite database with the tables of OASIS."""
    from simnet.export.interchange.oasis_database import export_oasis  # noqa: PLC0415  (imports pyarrow)

    opened = open_run(run, runs)
    print_caveats(opened)
    print_exported(opened, export_oasis(opened, out, force=force, clock=clock), as_json=as_json)
