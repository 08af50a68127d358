"""`simnet export sft` writes fine-tuning sets."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from simnet.cli.opening import open_run
from simnet.cli.options import AsJson, RunName, Runs
from simnet.cli.output import print_json, print_missing
from simnet.cli.run_names import RUNS
from simnet.text import counted, visible

if TYPE_CHECKING:
    from simnet.export.card import Subset

Prompts: TypeAlias = Literal["served", "post"]
Columns: TypeAlias = Literal["messages", "prompt-completion", "distilabel"]
AtLimit: TypeAlias = Literal["leave-out", "cut", "keep"]
"""The values of options, as in `simnet.export`, which imports pyarrow."""

app = typer.Typer(
    name="export", help="Make data sets of a run.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def export() -> None:
    """Make data sets of a run."""


@app.command()
def sft(
    run: RunName,
    out: Annotated[Path, typer.Option("--out", help="Folder to make.")],
    runs: Runs = RUNS,
    force: Annotated[bool, typer.Option("--force", help="Replace a folder that exists.")] = False,
    prompts: Annotated[
        Prompts,
        typer.Option(help="What replies answer: the prompt that was served, or the post alone."),
    ] = "served",
    columns: Annotated[
        Columns,
        typer.Option(help="Columns of the chat; TRL takes the first two as they are."),
    ] = "messages",
    at_limit: Annotated[
        AtLimit,
        typer.Option(help="Replies at the limit: left out, cut at a sentence, or kept."),
    ] = "leave-out",
    include_marked: Annotated[
        bool,
        typer.Option(
            "--include-marked", help="Take refusals, loops, empty and garbled replies too."
        ),
    ] = False,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="FLAG", help="Leave replies with this flag out too; repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write fine-tuning sets, one for each cohort that replied."""
    from simnet.export.sft import export_sft  # noqa: PLC0415  (imports pyarrow)

    opened = open_run(run, runs)
    print_missing(opened)
    subsets = export_sft(
        opened,
        out,
        force=force,
        prompts=prompts,
        columns=columns,
        at_limit=at_limit,
        include_marked=include_marked,
        leave_out=leave_out or (),
    )
    if as_json:
        told = [subset._asdict() for subset in subsets]
        print_json({"out": str(out), "subsets": told, "missing": opened.missing})
    else:
        _print(subsets, out)


def _print(subsets: "Sequence[Subset]", out: Path) -> None:
    for subset in subsets:
        counts = ", ".join(f"{count} {mark}" for mark, count in subset.left_out.items() if count)
        left_out = f" (left out: {counts})" if counts else ""
        typer.echo(visible(f"{subset.name}: {counted(subset.rows, 'row')}{left_out}"))
    if first := next((subset for subset in subsets if subset.rows), None):
        load = f'datasets.load_dataset("{out}", "{first.name}")'
        typer.echo(visible(f"written to {out}; load one with {load}"))
