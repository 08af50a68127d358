"""`simnet export dpo` writes pairs of a better and a worse reply."""

from typing import Annotated

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
def dpo(
    run: RunName,
    out: Out,
    scoring: ScoringFlags,
    screen: ScreenFlags,
    split: SplitFlags,
    hub: HubFlags,
    runs: Runs = RUNS,
    force: Force = False,
    pairs_per_post: Annotated[
        int, typer.Option(min=1, metavar="N", help="Pairs of the replies of a cohort to one post.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Write pairs of replies to one post of which others preferred one, for DPO."""
    from simnet.export.training_sets.dpo import export_dpo  # noqa: PLC0415  (imports pyarrow)

    hub.check()
    opened = open_run(run, runs)
    print_caveats(opened)
    exported = export_dpo(
        opened,
        out,
        force=force,
        pairs_per_post=pairs_per_post,
        **scoring.read(),
        **screen.read(),
        **split.read(),
    )
    print_exported(opened, exported, as_json=as_json, address=hub.upload(out))
