"""`simnet personas sample` draws some of the personas of a catalogue."""

from pathlib import Path
from typing import Annotated

import typer

from simnet.cli.options import AsJson
from simnet.cli.output import print_cells, print_json
from simnet.cli.personas.catalogue import (
    FOLDER,
    Filter,
    Folder,
    entry_cells,
    entry_fields,
    numbers_of,
    open_catalogue,
)
from simnet.cli.personas.out_names import Force, check_file
from simnet.foundation.text import counted


def sample(
    size: Annotated[int | None, typer.Argument(help="How many; left out with --quota.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draw.")] = 0,
    by: Annotated[
        str | None, typer.Option(help="Field, such as labels, of whose values equally many are.")
    ] = None,
    quota: Annotated[
        list[str] | None,
        typer.Option(help="How many of a value of --by; once for each value.", metavar="VALUE=N"),
    ] = None,
    diverse: Annotated[
        bool, typer.Option("--diverse", help="Those furthest apart by their vectors.")
    ] = False,
    field: Annotated[
        str | None, typer.Option(help="Field whose vectors --diverse compares.")
    ] = None,
    filter: Filter = None,
    out: Annotated[
        Path | None,
        typer.Option(help="File to write, .jsonl or .parquet, which load_personas reads."),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
    folder: Folder = FOLDER,
) -> None:
    """Draw some personas: at random, by quota, or as diverse as can be."""
    if out is not None:
        check_file(out, force=force)
    quotas = numbers_of(quota, "--quota", int) if quota else None
    drawn = open_catalogue(folder).sample(
        size, seed, by=by, quotas=quotas, diverse=diverse, field=field, filter=filter
    )
    if out is not None:
        from simnet.personas.catalogue.entry_files import write_entries  # noqa: PLC0415  (pyarrow)

        write_entries(out, drawn)
    if as_json:
        print_json({"personas": [entry_fields(entry) for entry in drawn]})
    elif out is not None:
        typer.echo(f"{counted(len(drawn), 'persona')}: {out}")
    else:
        rows = [entry_cells(entry, by or field) for entry in drawn]
        print_cells(["id", by or field or "description"], rows)
