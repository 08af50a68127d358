"""`simnet personas search` finds personas by words."""

from typing import Annotated

import typer

from simnet.cli.options import AsJson
from simnet.cli.output import print_cells, print_json
from simnet.cli.personas.catalogue import (
    FOLDER,
    Filter,
    Folder,
    Limit,
    entry_cells,
    entry_fields,
    open_catalogue,
)
from simnet.errors import UsageError


def search(
    text: Annotated[
        str | None,
        typer.Argument(
            help='Words, "phrases" and beginnings*; those found have all of them.',
        ),
    ] = None,
    field: Annotated[
        str | None, typer.Option(help="Field to look at, as the source names it; all if left out.")
    ] = None,
    filter: Filter = None,
    limit: Limit = 10,
    as_json: AsJson = False,
    folder: Folder = FOLDER,
) -> None:
    """Find personas by words, by a filter, or by both."""
    if text is None and filter is None:
        raise UsageError("give words, --filter, or both, to say who is found")
    catalogue = open_catalogue(folder)
    entries = catalogue.search(text, field, limit, filter=filter)
    if as_json:
        personas = [entry_fields(entry) for entry in entries]
        print_json({"found": catalogue.count(text, field, filter=filter), "personas": personas})
        return
    print_cells(["id", field or "description"], [entry_cells(entry, field) for entry in entries])
    typer.echo(f"{len(entries)} of {catalogue.count(text, field, filter=filter)} found")
