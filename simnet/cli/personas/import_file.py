"""`simnet personas import` adds the personas of a file to a catalogue."""

from pathlib import Path
from typing import Annotated

import typer

from simnet.cli.personas.catalogue import FOLDER
from simnet.personas.catalogue import Catalogue
from simnet.personas.sources import FORMATS, read


def import_file(
    path: Annotated[Path, typer.Argument(help="JSON, JSONL, CSV or Parquet file.")],
    format: Annotated[
        str | None, typer.Option(help=f"Found out if left out: {', '.join(sorted(FORMATS))}.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    into: Annotated[Path, typer.Option("--into", help="Folder of the catalogue.")] = FOLDER,
) -> None:
    """Add the personas of a file to a catalogue, all or none."""
    batch = read(path, format, limit)
    added = Catalogue.open(into).add(batch.personas, batch.source)
    licence = f", licence {batch.source.licence}" if batch.source.licence else ""
    repeated = f", {added.known} were there already" if added.known else ""
    typer.echo(
        f"{added.new} personas from {path} ({batch.source.format}{licence}){repeated}: {into}"
    )
