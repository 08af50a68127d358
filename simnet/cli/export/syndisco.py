"""`simnet export syndisco` writes discussion logs as SynDisco does."""

from typing import TYPE_CHECKING, Annotated, cast

import typer

from simnet.cli.asking.annotated_texts import check_release
from simnet.cli.export.sharing import Force, Out, print_caveats, print_exported
from simnet.cli.opening import open_run
from simnet.cli.options import AsJson, RunName, Runs
from simnet.cli.run_names import RUNS

if TYPE_CHECKING:
    from simnet.scenario.syndisco.discussion_logs import LogRelease


def syndisco(
    run: RunName,
    out: Out,
    runs: Runs = RUNS,
    force: Force = False,
    moderator: Annotated[
        str | None,
        typer.Option(
            metavar="HANDLE", help="The persona that moderates; by default that of each discussion."
        ),
    ] = None,
    shortest: Annotated[
        int, typer.Option(min=1, metavar="N", help="Leave out threads of fewer posts.")
    ] = 2,
    release: Annotated[
        str | None,
        typer.Option(metavar="0.x|1.x|2.x", help="The release of SynDisco that is to read them."),
    ] = None,
    annotations: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Write the logs of these annotations of posts, too."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the log of each discussion, and of its annotations, as SynDisco does."""
    from simnet.export.interchange.syndisco_logs import export_syndisco  # noqa: PLC0415  (imports pyarrow)

    opened = open_run(run, runs)
    print_caveats(opened)
    check_release(release)
    exported = export_syndisco(
        opened, out, force=force, moderator=moderator, shortest=shortest,
        release=cast("LogRelease | None", release), annotations=annotations,
    )  # fmt: skip
    print_exported(opened, exported, as_json=as_json)
