"""The command line. Each command imports what it needs when it is called."""

import errno
import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from simnet.cli.asking.annotate import annotate
from simnet.cli.asking.interview import interview
from simnet.cli.asking.survey import survey
from simnet.cli.bench.app import app as bench
from simnet.cli.cluster.launch import app as launch
from simnet.cli.cluster.serve import app as serve
from simnet.cli.cluster.submit import app as jobs
from simnet.cli.cluster.submit import submit
from simnet.cli.doctor import doctor
from simnet.cli.export.app import app as export
from simnet.cli.mirror.app import app as mirror
from simnet.cli.output import print_error
from simnet.cli.personas.app import app as personas
from simnet.cli.review.app import app as review
from simnet.cli.runs.cost import cost
from simnet.cli.runs.explain import app as explain
from simnet.cli.runs.fork import app as fork
from simnet.cli.runs.join import join
from simnet.cli.runs.ls import ls
from simnet.cli.runs.migrate import migrate
from simnet.cli.runs.replay import replay
from simnet.cli.runs.report import report
from simnet.cli.runs.resume import app as resume
from simnet.cli.runs.run import app as run
from simnet.cli.runs.show import show
from simnet.cli.runs.tables import tables
from simnet.cli.runs.verify import verify
from simnet.cli.scenarios.estimate import app as estimate
from simnet.cli.scenarios.init import init
from simnet.cli.scenarios.validate import app as validate
from simnet.cli.streams import (
    OUTPUT,
    UNWRITABLE,
    code_of_failed_write,
    flush_output,
    name_errors_of_output,
    show_what_can_be_shown,
)
from simnet.cli.studies.app import app as study
from simnet.cli.studies.calibrate import calibrate
from simnet.cli.synthesize import synthesize
from simnet.cli.train import train
from simnet.cli.version import VersionFlag, version
from simnet.errors import RecordError, SimnetError, UsageError
from simnet.foundation.text import visible

EXIT_CODES = (
    "Exit codes: 0 all went well; 1 the run failed; 2 the command line names what is not there; "
    "3 a scenario, persona or model does not hold together; 4 a run directory cannot be read or "
    "written; 75 the budget of a run is spent, and it can be resumed; 130 and 143 stopped by "
    "Ctrl-C and by SIGTERM, with the record sealed; 141 what is printed is read no more."
)
ORDER = [
    "init", "doctor", "validate", "explain", "estimate", "run", "resume", "fork", "join", "ls",
    "show", "tables", "cost", "report", "verify", "replay", "migrate", "survey", "interview",
    "annotate", "study", "calibrate", "export", "train", "review", "personas", "synthesize",
    "serve", "ps", "launch", "submit", "jobs", "mirror", "bench", "version",
]  # fmt: skip
"""The order in which help lists the commands: as one comes to need them."""
INTERRUPTED = 130
_PATH_CODES = dict.fromkeys(
    (errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR, errno.ELOOP), UsageError.exit_code
)
"""Exit codes of errors that are due to a path which was named; others are those of the disk."""


class Commands(TyperGroup):
    """Turns what simnet raises on purpose into a message and an exit code."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # as below
        """List the commands as help shows them."""
        return sorted(super().list_commands(ctx), key=(*ORDER, *self.commands).index)

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Read the command line; `--help` and `--version` are printed meanwhile."""
        try:
            return super().make_context(*args, **extra)
        except OSError as error:
            raise typer.Exit(_code_of(error)) from None

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # typer's own alias
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except SimnetError as error:
            if ctx.params.get("debug"):
                traceback.print_exc()
                raise typer.Exit(error.exit_code) from None
            for line in (f"error: {error}", *getattr(error, "__notes__", ())):
                print_error(line)
            raise typer.Exit(error.exit_code) from None
        except OSError as error:
            raise typer.Exit(_code_of(error, debug=ctx.params["debug"])) from None
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None


def _code_of(error: OSError, *, debug: bool = False) -> int:
    """Say what the system refused; return the exit code. Raises the error if that is unclear."""
    if debug:
        traceback.print_exc()
    if error.filename == OUTPUT:
        return code_of_failed_write(error)
    if error.filename is not None:
        print_error(f"error: {visible(f'{error.filename}: {error.strerror}')}")
        return _PATH_CODES.get(error.errno or 0, RecordError.exit_code)
    if error.errno in UNWRITABLE:
        print_error(f"error: a file cannot be written: {error.strerror}")
        return RecordError.exit_code
    if error.errno == errno.EPIPE:  # typer would exit without a word
        raise RuntimeError("a pipe that is not standard output has lost its reader") from error
    raise error


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
for group in (run, resume, fork, validate, explain, estimate, export, personas, review, study):
    app.add_typer(group)
for group in (launch, jobs, bench, serve, mirror):
    app.add_typer(group)


@app.callback()
def main_options(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error was raised.")] = False,
    version: VersionFlag = False,
) -> None:
    """Simulate societies of LLM personas on a social network."""


for command in (
    init,
    cost,
    ls,
    show,
    tables,
    replay,
    verify,
    migrate,
    doctor,
    version,
    synthesize,
    survey,
    interview,
    annotate,
    train,
    join,
    submit,
    report,
    calibrate,
):
    app.command()(command)
app.command("ask", hidden=True)(interview)  # what one looks for first


def main() -> None:
    """Run the command line."""
    show_what_can_be_shown()
    name_errors_of_output()
    try:
        app()
    finally:
        flush_output()
