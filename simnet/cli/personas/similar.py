"""`simnet personas similar` finds the personas most like another, or like a text."""

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


def similar(
    to: Annotated[str, typer.Argument(metavar="ID_OR_TEXT", help="A persona's id, or any text.")],
    field: Annotated[
        str | None,
        typer.Option(help="Field to compare, as the source names it; the description if left out."),
    ] = None,
    filter: Filter = None,
    limit: Limit = 10,
    as_json: AsJson = False,
    folder: Folder = FOLDER,
) -> None:
    """Find the personas most like one, or like a text."""
    found = open_catalogue(folder).similar(to, field, limit, filter=filter)
    if as_json:
        scored = [{"score": round(score, 4), **entry_fields(entry)} for entry, score in found]
        print_json({"personas": scored})
        return
    rows = [[f"{score:.3f}", *entry_cells(entry, field)] for entry, score in found]
    print_cells(["score", "id", field or "description"], rows, unbroken={"score"})
