"""`simnet personas import` adds the personas of a file to a catalogue."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from simnet.cli.output import print_error
from simnet.cli.personas.catalogue import FOLDER
from simnet.foundation.text import counted
from simnet.personas.catalogue import Catalogue, Conflict
from simnet.personas.names import lookalikes
from simnet.personas.persona import Persona
from simnet.personas.sources import FORMATS, MOST_LISTED, Batches, read_batches
from simnet.personas.sources.columns.mapping import read_map


def import_file(
    path: Annotated[
        Path, typer.Argument(help="JSON, JSONL, CSV or Parquet file, also compressed.")
    ],
    format: Annotated[
        str | None, typer.Option(help=f"Found out if left out: {', '.join(sorted(FORMATS))}.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    map: Annotated[
        list[str] | None,
        typer.Option(help="Columns that say who: id=COLUMN,description=COLUMN.", metavar="PAIRS"),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Go on without broken rows, and list them.")
    ] = False,
    licence: Annotated[
        str | None, typer.Option("--license", "--licence", help="Licence of the data.")
    ] = None,
    revision: Annotated[str | None, typer.Option(help="Revision of the data set.")] = None,
    embeddings: Annotated[
        bool, typer.Option("--embeddings", help="Keep the vectors that FinePersonas has.")
    ] = False,
    on_conflict: Annotated[
        Conflict,
        typer.Option(
            help="What to do with a row whose id is that of a different persona in the catalogue."
        ),
    ] = "error",
    into: Annotated[Path, typer.Option("--into", help="Folder of the catalogue.")] = FOLDER,
) -> None:
    """Add the personas of a file to a catalogue, all or none."""
    batches = read_batches(
        path,
        format,
        limit,
        map=read_map(map or ()),
        skip_bad=skip_bad,
        licence=licence,
        revision=revision,
        embeddings=embeddings,
    )
    first = next(batches, [])  # the source is known once it is read
    source, handles = batches.source, list[str]()
    catalogue = Catalogue.open(into, embedder=batches.embedder)
    added = catalogue.add(_noted(first, batches, handles), source, on_conflict=on_conflict)
    licensed = f", licence {source.licence}" if source.licence else ""
    repeated = f", {added.known} were there already" if added.known else ""
    replaced = f", {added.replaced} replaced" if added.replaced else ""
    kept = f", {added.kept} kept as in the catalogue" if added.kept else ""
    skipped = f", {len(batches.skipped)} skipped" if batches.skipped else ""
    vectors = f", vectors of {batches.embedder.name}" if batches.embedder else ""
    typer.echo(
        f"{counted(added.new, 'persona')} from {path} "
        f"({source.format}{licensed}){repeated}{replaced}{kept}{skipped}{vectors}: {into}"
    )
    _print_doubts(batches, handles)


def _noted(first: list[Persona], batches: Batches, handles: list[str]) -> Iterator[Persona]:
    """Pass personas on one by one, and note their handles."""
    for batch in chain([first], batches):
        handles += [persona.id for persona in batch]
        yield from batch


def _print_doubts(batches: Batches, handles: Sequence[str]) -> None:
    """List skipped rows, and handles that look alike, on stderr."""
    for place, why in batches.skipped[:MOST_LISTED]:
        print_error(f"skipped {place}: {why}")
    if len(batches.skipped) > MOST_LISTED:
        print_error(f"and {len(batches.skipped) - MOST_LISTED} more")
    for group in lookalikes(handles):
        names = ", ".join(f"@{handle}" for handle in group)
        print_error(f"warning: {names} look alike; readers may take one for the other")
