"""`simnet export jsonl` writes tables of a run as JSON Lines."""

from simnet.cli.export.sharing import Force, Out, Tables, print_caveats, print_exported, table_names
from simnet.cli.opening import open_run
from simnet.cli.options import AsJson, RunName, Runs
from simnet.cli.run_names import RUNS


def jsonl(
    run: RunName,
    out: Out,
    runs: Runs = RUNS,
    force: Force = False,
    tables: Tables = None,
    as_json: AsJson = False,
) -> None:
    """Write tables of a run as JSON Lines, with exact values."""
    from simnet.export.interchange.table_files import export_tables  # noqa: PLC0415  (imports pyarrow)

    opened = open_run(run, runs)
    print_caveats(opened)
    names = table_names(tables)
    exported = export_tables(opened, out, form="jsonl", tables=names, force=force)
    print_exported(opened, exported, as_json=as_json)
