"""`simnet show` prints the threads or the events of a run."""

from typing import Annotated

import typer

from simnet.cli.opening import open_run
from simnet.cli.options import RunName, Runs
from simnet.cli.output import print_missing
from simnet.cli.run_names import RUNS


def show(
    run: RunName = "latest",
    runs: Runs = RUNS,
    limit: Annotated[int | None, typer.Option(min=1, help="Most threads or events.")] = None,
    events: Annotated[bool, typer.Option("--events", help="All events in order of time.")] = False,
    who: Annotated[
        str | None,
        typer.Option(metavar="HANDLE_OR_ID", help="Only what this member took part in."),
    ] = None,
) -> None:
    """Print the threads of a run as people would read them."""
    from simnet.analysis.show import show as print_run  # noqa: PLC0415  (imports pyarrow)
    from simnet.cli.display.lasting_console import ClosableConsole  # noqa: PLC0415

    opened = open_run(run, runs)
    print_missing(opened)
    print_run(opened, ClosableConsole(), limit=limit, events=events, who=who)
