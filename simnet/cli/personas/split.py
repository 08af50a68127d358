"""`simnet personas split` divides a catalogue into parts."""

from pathlib import Path
from typing import Annotated

import typer

from simnet.cli.options import AsJson
from simnet.cli.output import print_json
from simnet.cli.personas.catalogue import (
    FOLDER,
    Filter,
    Folder,
    numbers_of,
    open_catalogue,
    write_entries,
)
from simnet.errors import UsageError
from simnet.foundation.text import counted


def split(
    part: Annotated[
        list[str],
        typer.Option(help="A part and its share; once for each part.", metavar="NAME=SHARE"),
    ],
    out: Annotated[Path, typer.Option(help="Folder for a JSON Lines file of each part.")],
    seed: Annotated[int, typer.Option(help="Seed of the draw.")] = 0,
    by: Annotated[
        str | None, typer.Option(help="Field each of whose values is divided in these shares.")
    ] = None,
    filter: Filter = None,
    as_json: AsJson = False,
    folder: Folder = FOLDER,
) -> None:
    """Divide the personas into files, such as --part train=0.8 --part validation=0.2."""
    shares = numbers_of(part, "--part", float)
    for name in shares:
        if not name.replace("-", "").replace("_", "").isalnum():
            raise UsageError(f"--part {name!r}: a part is a file; use letters, digits, - and _")
    parts = open_catalogue(folder).split(shares, seed, by=by, filter=filter)
    paths = {name: out / f"{name}.jsonl" for name in parts}
    for name, entries in parts.items():
        write_entries(paths[name], entries)
    if as_json:
        print_json(
            {
                "parts": {
                    name: {"personas": len(entries), "file": str(paths[name])}
                    for name, entries in parts.items()
                }
            }
        )
        return
    for name, entries in parts.items():
        typer.echo(f"{counted(len(entries), 'persona')}: {paths[name]}")
