"""`simnet personas remove` removes personas from a catalogue."""

from typing import Annotated

import typer

from simnet.cli.options import AsJson
from simnet.cli.output import print_json
from simnet.cli.personas.catalogue import FOLDER, Filter, Folder, open_catalogue
from simnet.foundation.text import counted


def remove(
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Ids of personas.")
    ] = None,
    filter: Filter = None,
    as_json: AsJson = False,
    folder: Folder = FOLDER,
) -> None:
    """Remove personas by their ids, or those that fit a filter; `versions` brings them back."""
    catalogue = open_catalogue(folder)
    removed = catalogue.remove(keys or (), filter=filter)
    if as_json:
        print_json({"removed": removed, "left": len(catalogue)})
        return
    typer.echo(f"{counted(removed, 'persona')} removed; {len(catalogue):,} are left: {folder}")
