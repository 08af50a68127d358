"""`simnet export syndisco` writes discussion logs as SynDisco does."""

from typing import Annotated

import typer

from simnet.cli.export.sharing import Force, Out, print_exported
from simnet.cli.opening import open_run
from simnet.cli.options import AsJson, RunName, Runs
from simnet.cli.output import print_missing
from simnet.cli.run_names import RUNS


def syndisco(
    run: RunName,
    out: Out,
    runs: Runs = RUNS,
    force: Force = False,
    moderator: Annotated[
        str | None, typer.Option(metavar="HANDLE", help="The persona that moderates.")
    ] = None,
    shortest: Annotated[
        int, typer.Option(min=1, metavar="N", help="Leave out threads of fewer posts.")
    ] = 2,
    as_json: AsJson = False,
) -> None:
    """Write the log of each discussion as SynDisco does."""
    from simnet.export.interchange.syndisco_logs import export_syndisco  # noqa: PLC0415  (imports pyarrow)

    opened = open_run(run, runs)
    print_missing(opened)
    exported = export_syndisco(opened, out, force=force, moderator=moderator, shortest=shortest)
    print_exported(opened, exported, as_json=as_json)
