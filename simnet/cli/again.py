"""The commands for runs there are: replay, verify and migrate."""

from typing import Annotated

import typer

from simnet.cli.options import RUNS, AsJson, Backend, Model, RunName, Runs

app = typer.Typer(rich_markup_mode=None)


@app.command()
def replay(run: RunName = "latest", runs: Runs = RUNS, as_json: AsJson = False) -> None:
    """Do a run again from its recorded replies, without a model, and compare what comes out."""
    from simnet.cli.checking import do_again  # noqa: PLC0415

    raise typer.Exit(do_again(run, runs, as_json=as_json))


@app.command()
def verify(
    run: RunName = "latest",
    runs: Runs = RUNS,
    resample: Annotated[
        int | None,
        typer.Option(min=1, metavar="K", help="Ask K calls again and count the same replies."),
    ] = None,
    model: Model = None,
    backend: Backend = None,
    as_json: AsJson = False,
) -> None:
    """Check a record: checksums, keys, invariants, and that a replay gives the same state."""
    from simnet.cli.checking import examine  # noqa: PLC0415

    raise typer.Exit(examine(run, runs, resample, model, backend, as_json=as_json))


@app.command()
def migrate(run: RunName, runs: Runs = RUNS) -> None:
    """Bring a run directory of an older simnet up to this one, in place."""
    from simnet.cli.migrate import bring_up  # noqa: PLC0415

    raise typer.Exit(bring_up(run, runs))
