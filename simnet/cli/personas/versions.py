"""`simnet personas versions` lists the versions of a catalogue, restores one, removes old ones."""

from typing import Annotated

import typer

from simnet.cli.options import AsJson
from simnet.cli.output import print_cells, print_json
from simnet.cli.personas.catalogue import FOLDER, Folder
from simnet.errors import UsageError
from simnet.personas.catalogue import Catalogue


def versions(
    restore: Annotated[
        int | None, typer.Option(help="Number of the version to go back to.", metavar="NUMBER")
    ] = None,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Remove all but the newest N.", metavar="N")
    ] = None,
    as_json: AsJson = False,
    folder: Folder = FOLDER,
) -> None:
    """List the versions; each change made one. Restoring one keeps those since.

    When there are more than 30, a change keeps the newest 20 and frees the disk of the others.
    """
    catalogue = Catalogue.open(folder)
    if restore is not None:
        catalogue.restore(restore)
    if keep is not None and len(catalogue.versions()) > keep:
        catalogue.prune(keep)
    listed = catalogue.versions()
    if not listed:
        raise UsageError(f"there is no catalogue in {folder}")
    if as_json:
        plain = [one._asdict() | {"time": one.time.isoformat(timespec="seconds")} for one in listed]
        print_json({"versions": plain})
        return
    rows = [
        [str(one.number), f"{one.time:%Y-%m-%d %H:%M:%S}", f"{one.personas:,}", one.change]
        for one in listed
    ]
    print_cells(["version", "time", "personas", "change"], rows)
