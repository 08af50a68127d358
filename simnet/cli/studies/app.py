"""`simnet study`: several arms with several seeds, compared."""

import typer

from simnet.cli.studies.plan import plan
from simnet.cli.studies.report import report
from simnet.cli.studies.results import results
from simnet.cli.studies.run import resume, run
from simnet.cli.studies.status import status

app = typer.Typer(
    name="study",
    help="Compare arms: plan a study, run it, and see what the data say.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
for command in (plan, run, resume, status, results, report):
    app.command()(command)
