"""`simnet export sft` writes fine-tuning sets of single replies."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from simnet.cli.export.sharing import Force, HubFlags, Out, ScreenFlags, SplitFlags, print_caveats
from simnet.cli.opening import open_run
from simnet.cli.option_groups import expand_groups
from simnet.cli.options import AsJson, RunName, Runs
from simnet.cli.output import print_json
from simnet.cli.run_names import RUNS
from simnet.foundation.text import counted, visible

if TYPE_CHECKING:
    from simnet.export.folders.card import Subset

Prompts: TypeAlias = Literal["served", "post"]
Columns: TypeAlias = Literal["messages", "prompt-completion", "distilabel"]
System: TypeAlias = Literal["served", "portrait", "none"]
"""The values of options, as in `simnet.export`, which imports pyarrow."""


@expand_groups
def sft(
    run: RunName,
    out: Out,
    screen: ScreenFlags,
    split: SplitFlags,
    hub: HubFlags,
    runs: Runs = RUNS,
    force: Force = False,
    prompts: Annotated[
        Prompts,
        typer.Option(help="What replies answer: the prompt that was served, or the post alone."),
    ] = "served",
    system: Annotated[
        System | None,
        typer.Option(
            help="The system message: the one served, the persona's portrait, or none; by default "
            "`served` with served prompts and `none` with posts."
        ),
    ] = None,
    columns: Annotated[
        Columns,
        typer.Option(help="Columns of the chat; TRL takes the first two as they are."),
    ] = "messages",
    as_json: AsJson = False,
) -> None:
    """Write fine-tuning sets, one for each cohort that replied."""
    from simnet.export.training_sets.sft import export_sft  # noqa: PLC0415  (imports pyarrow)

    hub.check()
    opened = open_run(run, runs)
    print_caveats(opened)
    subsets = export_sft(
        opened,
        out,
        force=force,
        prompts=prompts,
        system=system,
        columns=columns,
        **screen.read(),
        **split.read(),
    )
    address = hub.upload(out)
    if as_json:
        told = [subset._asdict() | {"splits": dict(subset.splits)} for subset in subsets]
        said = {"out": str(out), "subsets": told, "missing": opened.missing}
        print_json(said | ({} if address is None else {"address": address}))
    else:
        _print(subsets, out, address)


def _print(subsets: "Sequence[Subset]", out: Path, address: str | None) -> None:
    for subset in subsets:
        counts = ", ".join(f"{count} {mark}" for mark, count in subset.left_out.items() if count)
        left_out = f" (left out: {counts})" if counts else ""
        sides = ", ".join(f"{count} {side}" for side, count in subset.splits.items())
        split = f" ({sides})" if len(subset.splits) > 1 else ""
        typer.echo(visible(f"{subset.name}: {counted(subset.rows, 'row')}{split}{left_out}"))
    if first := next((subset for subset in subsets if subset.rows), None):
        load = f'datasets.load_dataset("{out}", "{first.name}")'
        typer.echo(visible(f"written to {out}; load one with {load}"))
    if address is not None:
        typer.echo(visible(f"uploaded to {address}"))
