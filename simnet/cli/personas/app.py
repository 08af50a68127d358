"""Assembles `simnet personas`."""

import typer

from simnet.cli.personas.expand import expand
from simnet.cli.personas.from_persona import from_persona
from simnet.cli.personas.from_text import from_text
from simnet.cli.personas.import_file import import_file
from simnet.cli.personas.search import search
from simnet.cli.personas.show import show
from simnet.cli.personas.similar import similar

app = typer.Typer(
    name="personas",
    help="Import, search and make personas.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("import")(import_file)
for command in (search, similar, show, from_text, from_persona, expand):
    app.command()(command)
