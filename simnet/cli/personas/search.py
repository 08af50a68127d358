"""`simnet personas search` finds personas by words."""

from typing import Annotated

import typer

from simnet.cli.options import AsJson
from simnet.cli.output import print_json
from simnet.cli.personas.catalogue import (
    FOLDER,
    Folder,
    Limit,
    entry_cells,
    entry_fields,
    open_catalogue,
    print_columns,
)


def search(
    text: Annotated[str, typer.Argument(help="Words; those found have all of them.")],
    field: Annotated[
        str | None, typer.Option(help="Field to look at, as the source names it; all if left out.")
    ] = None,
    limit: Limit = 10,
    as_json: AsJson = False,
    folder: Folder = FOLDER,
) -> None:
    """Find personas by words."""
    catalogue = open_catalogue(folder)
    entries = catalogue.search(text, field, limit)
    if as_json:
        personas = [entry_fields(entry) for entry in entries]
        print_json({"found": catalogue.count(text, field), "personas": personas})
        return
    print_columns(["id", field or "description"], [entry_cells(entry, field) for entry in entries])
    typer.echo(f"{len(entries)} of {catalogue.count(text, field)} found")
