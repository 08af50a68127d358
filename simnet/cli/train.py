"""`simnet train` trains LoRA adapters on the replies of a run."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from simnet.cli.opening import open_run
from simnet.cli.options import AsJson, RunName, Runs
from simnet.cli.output import print_error, print_json, print_missing, print_table
from simnet.cli.run_names import RUNS
from simnet.foundation.text import visible

if TYPE_CHECKING:
    from simnet.training.adapter_training import Report, Training

AtLimit: TypeAlias = Literal["leave-out", "cut", "keep"]
HoldOut: TypeAlias = Literal["persona", "thread"]


def train(
    run: RunName,
    out: Annotated[Path, typer.Option("--out", help="Folder of the training.")],
    runs: Runs = RUNS,
    model: Annotated[
        str | None,
        typer.Option(help="Base model: folder, hub name or `embedded`; by default the run's."),
    ] = None,
    cohorts: Annotated[
        list[str] | None,
        typer.Option("--cohorts", metavar="NAME", help="Train this cohort only; repeatable."),
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Steps, in place of --epochs.")] = None,
    epochs: Annotated[float, typer.Option(help="How often each row is seen.")] = 3.0,
    batch: Annotated[int, typer.Option(help="Rows of a step.")] = 4,
    rank: Annotated[int, typer.Option(help="Rank of the adapters.")] = 8,
    learning_rate: Annotated[float, typer.Option(help="Highest learning rate.")] = 1e-3,
    max_length: Annotated[int, typer.Option(help="Tokens of a row; longer ones are left out.")] = (
        1024
    ),
    validation: Annotated[float, typer.Option(help="Share of rows that is held out.")] = 0.2,
    hold_out: Annotated[
        HoldOut, typer.Option(help="Hold out all replies of a persona, or all to one post.")
    ] = "persona",
    at_limit: Annotated[
        AtLimit, typer.Option(help="Replies at the limit: left out, cut at a sentence, or kept.")
    ] = "leave-out",
    seed: Annotated[int, typer.Option(help="Decides split, first weights and order.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Train again what is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train a LoRA adapter for each cohort that replied."""
    from simnet.training import TrainingOptions  # noqa: PLC0415
    from simnet.training import train as train_adapters  # noqa: PLC0415

    options = TrainingOptions(
        model=model,
        cohorts=tuple(name for given in cohorts or () for name in given.split(",") if name),
        at_limit=at_limit,
        validation=validation,
        hold_out=hold_out,
        steps=steps,
        epochs=epochs,
        batch=batch,
        rank=rank,
        learning_rate=learning_rate,
        max_length=max_length,
        seed=seed,
    )
    opened = open_run(run, runs)
    print_missing(opened)
    try:
        training = train_adapters(opened, out, options, force=force, report=_progress())
    except KeyboardInterrupt:
        print_error("")
        print_error(f"stopped; the same command goes on with what is left in {visible(str(out))}")
        raise
    if as_json:
        print_json(training.facts())
    else:
        _print(training)


def _progress() -> "Callable[[Report], None]":
    """Show progress as one line that changes on a terminal, and as few lines elsewhere."""
    changing = sys.stderr.isatty()

    def report(one: "Report") -> None:
        if one.step is None:
            print_error(visible(one.text))
            return
        number, steps, loss = one.step
        line = f"{one.text}: step {number} of {steps}, loss {loss:.3f}"
        if changing:
            end = "\n" if number == steps else ""
            sys.stderr.write(f"\r\x1b[K{visible(line)}{end}")
            sys.stderr.flush()
        elif number in {1, steps}:
            print_error(visible(line))

    return report


def _print(training: "Training") -> None:
    from simnet.training import trained_adapters  # noqa: PLC0415

    rows = [
        [
            cohort,
            facts["rows"]["train"],
            facts["steps"],
            f"{facts['first_loss']:.3f}",
            f"{facts['last_loss']:.3f}",
            f"{facts['seconds']:.0f}",
        ]
        for cohort, facts in training.adapters.items()
    ]
    headings = ["adapter", "rows", "steps", "first loss", "last loss", "seconds"]
    print_table(headings, rows, numbers=headings[1:])
    typer.echo()
    typer.echo("perplexity of the replies held out, under each adapter")
    headings, cells = training.perplexities.table()
    print_table(headings, cells, numbers=headings[1:])
    typer.echo()
    typer.echo(visible(f"written to {training.folder}; serve them with"))
    for folder in trained_adapters(training.folder).values():
        typer.echo(visible(f"  --adapter {folder.name}={folder}"))
