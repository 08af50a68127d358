"""`simnet export graphs` writes the follow network and graphs of what was done to whom."""

from typing import Annotated

import typer

from simnet.cli.export.sharing import Force, Out, print_caveats, print_exported, split_names
from simnet.cli.opening import open_run
from simnet.cli.options import AsJson, RunName, Runs, read_time
from simnet.cli.run_names import RUNS


def graphs(
    run: RunName,
    out: Out,
    runs: Runs = RUNS,
    force: Force = False,
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Simulated time, such as 90s or 2h; else the end."),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            "--graphs",
            metavar="NAME,...",
            help="Some of follows, replies, reposts, likes, mentions; by default all.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write graphs as GraphML and as Parquet: follows, replies, reposts, likes, mentions."""
    from simnet.export.folders.folder import GRAPHS  # noqa: PLC0415  (imported where it is used)
    from simnet.export.interchange.graph_files import export_graphs  # noqa: PLC0415  (imports pyarrow)

    when = None if at is None else read_time("--at", at)
    opened = open_run(run, runs)
    print_caveats(opened)
    names = GRAPHS if only is None else split_names("--graphs", only)
    exported = export_graphs(opened, out, force=force, at=when, graphs=names)
    print_exported(opened, exported, as_json=as_json)
