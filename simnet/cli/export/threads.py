"""`simnet export threads` writes threads as conversations, one for each author."""

from typing import Annotated, Literal

import typer

from simnet.cli.export.sharing import (
    Force,
    HubFlags,
    Out,
    SplitFlags,
    print_caveats,
    print_exported,
)
from simnet.cli.opening import open_run
from simnet.cli.option_groups import expand_groups
from simnet.cli.options import AsJson, RunName, Runs
from simnet.cli.run_names import RUNS


@expand_groups
def threads(
    run: RunName,
    out: Out,
    split: SplitFlags,
    hub: HubFlags,
    runs: Runs = RUNS,
    force: Force = False,
    system: Annotated[
        Literal["portrait", "none"],
        typer.Option(help="The system message: the persona's portrait, or none."),
    ] = "none",
    longest: Annotated[
        int,
        typer.Option(min=2, metavar="N", help="Posts in a conversation: the first and the newest."),
    ] = 50,
    include_marked: Annotated[
        bool,
        typer.Option("--include-marked", help="Take conversations with refusals, loops and so on."),
    ] = False,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="FLAG", help="Leave out what has this flag too; repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write each thread as a conversation of each author, in sets for fine-tuning."""
    from simnet.export.training_sets.conversations import export_threads  # noqa: PLC0415  (imports pyarrow)

    hub.check()
    opened = open_run(run, runs)
    print_caveats(opened)
    exported = export_threads(
        opened,
        out,
        force=force,
        system=system,
        longest=longest,
        include_marked=include_marked,
        leave_out=leave_out or (),
        **split.read(),
    )
    print_exported(opened, exported, as_json=as_json, address=hub.upload(out))
