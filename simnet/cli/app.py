"""The command line. Each command imports what it needs when it is called."""

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from simnet.cli.again import MaxCalls, MaxMinutes, MaxTokens
from simnet.cli.again import app as again
from simnet.cli.ahead import app as ahead
from simnet.cli.cost import cost
from simnet.cli.doctor import doctor
from simnet.cli.export import app as export
from simnet.cli.ls import ls
from simnet.cli.migrate import migrate
from simnet.cli.opening import RUNS
from simnet.cli.options import Address, Also, LogLevel, PerActor, Replicas, Runs, Seed, Sets, Target
from simnet.cli.personas.app import app as personas
from simnet.cli.replay import replay
from simnet.cli.show import show
from simnet.cli.validate import validate
from simnet.cli.verify import verify
from simnet.cli.version import VersionFlag, version
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
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(export)
app.add_typer(personas)
app.add_typer(again)
app.add_typer(ahead)


Model = Annotated[
    str | None, typer.Option(help="Model folder or hub name; `embedded` needs no download.")
]
Backend = Annotated[
    str | None, typer.Option(metavar="vllm|openai|fake", help="What runs the model.")
]


@app.callback()
def main_options(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error was raised.")] = False,
    version: VersionFlag = False,
) -> None:
    """Simulate societies of LLM personas on a social network."""


@app.command()
def run(
    target: Target,
    sets: Sets = None,
    seed: Seed = None,
    model: Model = None,
    backend: Backend = None,
    base_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="An OpenAI-compatible endpoint, with --backend openai."),
    ] = None,
    adapters: Annotated[
        list[str] | None,
        typer.Option(
            "--adapter", metavar="NAME=FOLDER", help="LoRA adapter for cohorts; repeatable."
        ),
    ] = None,
    also: Also = None,
    replicas: Replicas = None,
    address: Address = None,
    runs: Runs = RUNS,
    personas_per_actor: PerActor = "auto",
    watch: Annotated[
        bool | None,
        typer.Option(help="Print posts as they land; by default for up to 100 personas."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the run directory.")] = False,
    log_level: LogLevel = None,
    resume_if_exists: Annotated[
        bool,
        typer.Option(
            "--resume-if-exists",
            help="Go on with the newest run of this scenario, if it is not complete.",
        ),
    ] = False,
    max_tokens: MaxTokens = None,
    max_minutes: MaxMinutes = None,
    max_calls: MaxCalls = None,
) -> None:
    """Run a scenario and leave a run directory behind."""
    from simnet.cli.run import Order, carry_out  # noqa: PLC0415
    from simnet.scheduler.budget import Budget  # noqa: PLC0415

    order = Order(
        target=target,
        sets=tuple(sets or ()),
        seed=seed,
        model=model,
        backend=backend,
        base_url=base_url,
        adapters=tuple(adapters or ()),
        also=tuple(also or ()),
        replicas=replicas,
        address=address,
        runs=runs,
        personas_per_actor=personas_per_actor,
        watch=watch,
        as_json=as_json,
        quiet=quiet,
        log_level=log_level,
        resume_if_exists=resume_if_exists,
        budget=Budget(max_tokens, max_calls, max_minutes),
    )
    raise typer.Exit(carry_out(order))


for command in (validate, cost, ls, show, replay, verify, migrate, doctor, version):
    app.command()(command)


def main() -> None:
    """Run the command line."""
    app()
