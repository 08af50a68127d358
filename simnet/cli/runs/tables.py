"""`simnet tables` prints the tables of a record, with their columns and what they mean."""

from typing import Annotated, Any

import typer

from simnet.cli.opening import open_run
from simnet.cli.options import AsJson, Runs
from simnet.cli.output import print_json, print_missing, print_table
from simnet.cli.run_names import RUNS, complete_run

HEADINGS = ("column", "type", "meaning")


def tables(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN",
            help="Count the rows of this run too: an id, a path, or `latest`.",
            autocompletion=complete_run,
        ),
    ] = None,
    runs: Runs = RUNS,
    as_json: AsJson = False,
) -> None:
    """Print the tables of a record: columns, types, meanings, and of a run how many rows."""
    from simnet.recording.schema import TABLES  # noqa: PLC0415  (imports pyarrow)

    opened = open_run(run, runs) if run is not None else None
    described = [_described(name) for name in TABLES]
    if opened is not None:
        print_missing(opened)
        for table in described:
            table["rows"] = opened.table(table["table"]).count_rows()
    if as_json:
        print_json({"run": opened.id if opened else None, "tables": described})
        return
    for table in described:
        rows = f", {table['rows']:,} rows" if "rows" in table else ""
        key = ", ".join(table["key"])
        typer.echo(f"{table['table']}{rows}: {table['meaning']}\nkey: {key}")
        cells = [[column[heading] for heading in HEADINGS] for column in table["columns"]]
        print_table(HEADINGS, cells, unbroken=HEADINGS[:1])
        typer.echo()


def _described(name: str) -> dict[str, Any]:
    from simnet.foundation.text import one_line  # noqa: PLC0415
    from simnet.recording.schema import (  # noqa: PLC0415  (imports pyarrow)
        arrow_schema,
        column_docs,
        table_doc,
        table_named,
    )

    columns = [
        {
            "column": field.name,
            "type": f"{field.type} or null" if field.nullable else str(field.type),
            "meaning": one_line(column_docs(name)[field.name]),
        }
        for field in arrow_schema(name)
    ]
    meaning = one_line(table_doc(name))
    return {"table": name, "meaning": meaning, "key": table_named(name).key, "columns": columns}
