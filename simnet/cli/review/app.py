"""Assembles `simnet review`."""

import typer

from simnet.cli.review.deciding import discard, next_record, submit, undo
from simnet.cli.review.export import export, import_decisions
from simnet.cli.review.finding import search, similar
from simnet.cli.review.new import new
from simnet.cli.review.open_page import open_page
from simnet.cli.review.standing import agreement, status

app = typer.Typer(
    name="review",
    help="Rate, correct and discard records, and keep a subset.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command()(new)
app.command("open")(open_page)
app.command("next")(next_record)
for command in (submit, discard, undo, search, similar, status, agreement, export):
    app.command()(command)
app.command("import")(import_decisions)
