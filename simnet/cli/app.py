"""The command line. Each command imports what it needs when it is called."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from simnet.cli.again import app as again
from simnet.cli.estimate import app as estimate
from simnet.cli.explain import app as explain
from simnet.cli.fork import app as fork
from simnet.cli.options import RUNS, AsJson, PerActor, RunName, Runs, Seed, Sets, Target
from simnet.cli.personas import app as personas
from simnet.cli.resume import app as resume
from simnet.cli.run import app as run
from simnet.errors import SimnetError

EXIT_CODES = (
    "Exit codes: 0 all went well; 1 the run failed; 2 the command line names what is not there; "
    "3 a scenario, persona or model does not hold together; 4 a run directory cannot be read or "
    "written; 75 the budget of a run is spent, and it can be resumed; 130 and 143 stopped by "
    "Ctrl-C and by SIGTERM, with the record sealed."
)
INTERRUPTED = 130


class Commands(TyperGroup):
    """Turns what simnet raises on purpose into a message and an exit code."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # typer's own alias
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except SimnetError as error:
            if ctx.params.get("debug"):
                raise
            sys.stderr.write(f"error: {error}\n")
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    name="simnet",
    cls=Commands,
    help="Simulate societies of LLM personas on a social network.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
export = typer.Typer(
    name="export", help="Make data sets of a run.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(export)
app.add_typer(personas)
app.add_typer(run)
app.add_typer(resume)
app.add_typer(fork)
app.add_typer(explain)
app.add_typer(estimate)
app.add_typer(again)


@app.callback()
def main_options(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error was raised.")] = False,
) -> None:
    """Simulate societies of LLM personas on a social network."""


@app.command()
def validate(
    target: Target,
    sets: Sets = None,
    seed: Seed = None,
    personas_per_actor: PerActor = "auto",
    as_json: AsJson = False,
) -> None:
    """Check a scenario and show what a run of it would be; starts nothing."""
    from simnet.cli.validate import validate as check  # noqa: PLC0415

    check(target, sets or (), seed, personas_per_actor, as_json=as_json)


@app.command()
def cost(run: RunName = "latest", runs: Runs = RUNS, as_json: AsJson = False) -> None:
    """Print what the model calls of a run cost, by cohort and by what came of them."""
    from simnet.cli.cost import print_costs  # noqa: PLC0415

    print_costs(run, runs, as_json=as_json)


@app.command()
def ls(
    root: Annotated[Path, typer.Argument(metavar="DIR", help="Where the runs are.")] = RUNS,
    as_json: AsJson = False,
) -> None:
    """List the runs in a folder, the newest last."""
    from simnet.cli.records import list_all  # noqa: PLC0415

    list_all(root, as_json=as_json)


@app.command()
def show(
    run: RunName = "latest",
    runs: Runs = RUNS,
    limit: Annotated[int | None, typer.Option(min=1, help="Most threads or events.")] = None,
    events: Annotated[bool, typer.Option("--events", help="All events in order of time.")] = False,
    who: Annotated[str | None, typer.Option(help="Only what this member took part in.")] = None,
) -> None:
    """Print the threads of a run as people would read them."""
    from simnet.cli.records import print_run  # noqa: PLC0415

    print_run(run, runs, limit=limit, events=events, who=who)


@export.callback()
def export_options() -> None:
    """Make data sets of a run."""


@export.command()
def sft(
    run: RunName,
    out: Annotated[Path, typer.Option("--out", help="Folder to make.")],
    runs: Runs = RUNS,
    force: Annotated[bool, typer.Option("--force", help="Replace a folder that exists.")] = False,
    include_marked: Annotated[
        bool, typer.Option("--include-marked", help="Keep refusals, empty and garbled replies too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write fine-tuning sets, one for each cohort that replied."""
    from simnet.cli.records import write_sft  # noqa: PLC0415

    write_sft(run, runs, out, force=force, include_marked=include_marked, as_json=as_json)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Show what is installed, what a run would use, and what to do about what is missing."""
    from simnet.cli.doctor import examine  # noqa: PLC0415

    raise typer.Exit(0 if examine(as_json=as_json) else 1)


@app.command()
def version() -> None:
    """Print the version of simnet."""
    from importlib.metadata import version as installed  # noqa: PLC0415

    typer.echo(installed("simnet"))


def main() -> None:
    """Run the command line."""
    app()
