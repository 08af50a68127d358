"""`simnet export csv` writes tables of a run as CSV."""

from typing import Annotated

import typer

from simnet.cli.export.sharing import Force, Out, Tables, print_caveats, print_exported, table_names
from simnet.cli.opening import open_run
from simnet.cli.options import AsJson, RunName, Runs
from simnet.cli.run_names import RUNS


def csv(
    run: RunName,
    out: Out,
    runs: Runs = RUNS,
    force: Force = False,
    tables: Tables = None,
    guard_formulas: Annotated[
        bool,
        typer.Option(
            "--guard-formulas",
            help="Put an apostrophe before texts that a spreadsheet would take for formulas.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write tables of a run as CSV, with exact values."""
    from simnet.export.interchange.table_files import export_tables  # noqa: PLC0415  (imports pyarrow)

    opened = open_run(run, runs)
    print_caveats(opened)
    exported = export_tables(
        opened, out, tables=table_names(tables), force=force, guard_formulas=guard_formulas
    )
    print_exported(opened, exported, as_json=as_json)
