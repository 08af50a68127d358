"""`simnet personas dedupe` removes personas that say what an earlier one says."""

from typing import Annotated

import typer

from simnet.cli.options import AsJson
from simnet.cli.output import print_cells, print_json
from simnet.cli.personas.catalogue import FOLDER, Filter, Folder, open_catalogue
from simnet.foundation.text import counted

_SHOWN = 20
"""Most duplicates that are listed on a terminal or in a pipe; `--json` has all."""


def dedupe(
    method: Annotated[
        str, typer.Option(help="exact; minhash, by shared characters; vector, by meaning.")
    ] = "exact",
    field: Annotated[
        str | None, typer.Option(help="Field to compare; the description if left out.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Similarity from which on: 0.8 minhash, 0.95 vector.")
    ] = None,
    filter: Filter = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List them and change nothing.")
    ] = False,
    as_json: AsJson = False,
    folder: Folder = FOLDER,
) -> None:
    """Remove personas that say what an earlier one says, or nearly."""
    catalogue = open_catalogue(folder)
    choose = catalogue.duplicates if dry_run else catalogue.dedupe
    found = choose(method, field, threshold, filter=filter)
    if as_json:
        print_json({"removed": not dry_run, "duplicates": [one._asdict() for one in found]})
        return
    rows = [[one.id, one.of, f"{one.score:.3f}"] for one in found[:_SHOWN]]
    print_cells(["id", "says what", "score"], rows, unbroken={"score"})
    more = f", {len(found) - _SHOWN:,} not listed" if len(found) > _SHOWN else ""
    done = "would be removed" if dry_run else f"removed; {len(catalogue):,} are left"
    typer.echo(f"{counted(len(found), 'duplicate')}{more} {done}")
