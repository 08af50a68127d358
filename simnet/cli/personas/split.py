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
)
from simnet.cli.personas.out_names import Force, check_free, check_no_file
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
    force: Force = False,
    as_json: AsJson = False,
    folder: Folder = FOLDER,
) -> None:
    """Divide the personas into files, such as --part train=0.8 --part validation=0.2."""
    from simnet.personas.catalogue.entry_files import write_entries  # noqa: PLC0415  (pyarrow)

    shares = numbers_of(part, "--part", float)
    for name in shares:
        if not name.replace("-", "").replace("_", "").isalnum():
            raise UsageError(f"--part {name!r}: a part is a file; use letters, digits, - and _")
    check_no_file(out, "a file NAME.jsonl for each part")
    paths = {name: out / f"{name}.jsonl" for name in shares}
    check_free(paths.values(), force=force)
    parts = open_catalogue(folder).split(shares, seed, by=by, filter=filter)
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
