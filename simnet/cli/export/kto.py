"""`simnet export kto` writes replies with a label: better or worse than their siblings."""

from typing import Annotated, Literal

import typer

from simnet.cli.export.preferences import ScoringFlags
from simnet.cli.export.sharing import (
    Force,
    HubFlags,
    Out,
    ScreenFlags,
    SplitFlags,
    print_caveats,
    print_exported,
)
from simnet.cli.opening import open_run
from simnet.cli.option_groups import expand_groups
from simnet.cli.options import AsJson, RunName, Runs
from simnet.cli.run_names import RUNS


@expand_groups
def kto(
    run: RunName,
    out: Out,
    scoring: ScoringFlags,
    screen: ScreenFlags,
    split: SplitFlags,
    hub: HubFlags,
    runs: Runs = RUNS,
    force: Force = False,
    neutral: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="The rating that is neither good nor bad; by default the mean of all.",
        ),
    ] = None,
    prompts: Annotated[
        Literal["served", "post"],
        typer.Option(help="What replies answer: the prompt that was served, or the post alone."),
    ] = "post",
    system: Annotated[
        Literal["served", "portrait", "none"] | None,
        typer.Option(help="The system message, as in `sft`."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write replies with a label, better or worse than their siblings, for KTO."""
    from simnet.export.training_sets.kto import export_kto  # noqa: PLC0415  (imports pyarrow)

    hub.check()
    opened = open_run(run, runs)
    print_caveats(opened)
    exported = export_kto(
        opened,
        out,
        force=force,
        neutral=neutral,
        prompts=prompts,
        system=system,
        **scoring.read(),
        **screen.read(),
        **split.read(),
    )
    print_exported(opened, exported, as_json=as_json, address=hub.upload(out))
