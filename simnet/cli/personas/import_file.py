"""`simnet personas import` adds the personas of a file to a catalogue."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from simnet.cli.given_path import check_there
from simnet.cli.options import AsJson
from simnet.cli.output import print_error, print_json
from simnet.cli.personas.catalogue import FOLDER
from simnet.foundation.text import counted
from simnet.personas.catalogue import Added, Catalogue, Conflict
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
    as_json: AsJson = False,
) -> None:
    """Add the personas of a file to a catalogue, all or none."""
    check_there(path)
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
    alike = lookalikes(handles)
    if as_json:
        skipped = [{"place": place, "why": why} for place, why in batches.skipped]
        told = {"skipped": skipped, "look_alike": alike, "source": asdict(source)}
        print_json({"into": str(into), **added._asdict(), **told})
        return
    typer.echo(f"{counted(added.new, 'persona')} from {path} {_facts(batches, added)}: {into}")
    _print_doubts(batches, alike)


def _facts(batches: Batches, added: Added) -> str:
    """Say where the personas are from, and what became of those that were not added."""
    source = batches.source
    licensed = f", licence {source.licence}" if source.licence else ""
    parts = {
        "were there already": added.known,
        "replaced": added.replaced,
        "kept as in the catalogue": added.kept,
        "skipped": len(batches.skipped),
    }
    others = "".join(f", {count} {what}" for what, count in parts.items() if count)
    vectors = f", vectors of {batches.embedder.name}" if batches.embedder else ""
    return f"({source.format}{licensed}){others}{vectors}"


def _noted(first: list[Persona], batches: Batches, handles: list[str]) -> Iterator[Persona]:
    """Pass personas on one by one, and note their handles."""
    for batch in chain([first], batches):
        handles += [persona.id for persona in batch]
        yield from batch


def _print_doubts(batches: Batches, alike: Sequence[Sequence[str]]) -> None:
    """List skipped rows, and handles that look alike, on stderr."""
    for place, why in batches.skipped[:MOST_LISTED]:
        print_error(f"skipped {place}: {why}")
    if len(batches.skipped) > MOST_LISTED:
        print_error(f"and {len(batches.skipped) - MOST_LISTED} more")
    for group in alike:
        names = ", ".join(f"@{handle}" for handle in group)
        print_error(f"warning: {names} look alike; readers may take one for the other")
