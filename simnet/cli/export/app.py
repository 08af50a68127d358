"""`simnet export KIND RUN --out DIR` writes what is in a run as a folder of some kind."""

import typer

from simnet.cli.export.csv import csv
from simnet.cli.export.dpo import dpo
from simnet.cli.export.graphs import graphs
from simnet.cli.export.jsonl import jsonl
from simnet.cli.export.kto import kto
from simnet.cli.export.oasis import oasis
from simnet.cli.export.sft import sft
from simnet.cli.export.syndisco import syndisco
from simnet.cli.export.threads import threads

app = typer.Typer(
    name="export",
    help="Make data sets and other files of a run.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def export() -> None:
    """Make data sets and other files of a run."""


for command in (sft, threads, dpo, kto, oasis, syndisco, graphs, csv, jsonl):
    app.command()(command)
