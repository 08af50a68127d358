"""`simnet personas show` prints one persona."""

from typing import Annotated

import typer

from simnet.cli.options import AsJson
from simnet.cli.personas.catalogue import FOLDER, Folder, open_catalogue, print_entry


def show(
    key: Annotated[str, typer.Argument(metavar="ID", help="A persona's id.")],
    as_json: AsJson = False,
    folder: Folder = FOLDER,
) -> None:
    """Show all there is about one persona."""
    print_entry(open_catalogue(folder).get(key), as_json=as_json)
