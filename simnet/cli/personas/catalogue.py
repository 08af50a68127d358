"""Options, opening and printing that the commands of `simnet personas` share."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from simnet.cli.output import print_cells, print_json
from simnet.errors import UsageError
from simnet.personas.catalogue import Catalogue, Entry
from simnet.personas.persona import as_told

Folder = Annotated[Path, typer.Option("--in", help="Folder of the catalogue.")]
Limit = Annotated[int, typer.Option(min=1, help="How many to show at most.")]
Filter = Annotated[
    str | None,
    typer.Option(help='Filter such as "age > 30 and labels = music".'),
]
N = TypeVar("N", int, float)

FOLDER = Path("personas")
"""Where the catalogue is unless an option names another folder."""


def open_catalogue(folder: Path) -> Catalogue:
    """Open a catalogue. Raises UsageError if there is nobody in it."""
    catalogue = Catalogue.open(folder)
    if not len(catalogue):
        raise UsageError(
            f"there are no personas in {folder}; start with: "
            f"simnet personas import FILE --into {folder}"
        )
    return catalogue


def print_entry(entry: Entry, *, as_json: bool) -> None:
    """Print all fields of a persona, those that share a name under different ones.

    As in the records of a review, its own text is `persona` where an attribute is `description`,
    and any other attribute that is named like a field of its own is `attribute_NAME`.
    """
    if as_json:
        print_json(entry_fields(entry))
        return
    persona, source = entry
    text = "persona" if "description" in persona.attributes else "description"
    origin = {"source": source.file, "licence": source.licence, "revision": source.revision}
    own = {"id": persona.id, text: persona.description}
    taken = own.keys() | origin.keys()
    attributes = {
        f"attribute_{name}" if name in taken else name: value
        for name, value in persona.attributes.items()
    }
    fields = own | attributes | origin
    rows = [[name, text] for name, value in fields.items() if (text := as_told(value))]
    print_cells(["field", "value"], rows)


def numbers_of(pairs: Sequence[str], option: str, kind: Callable[[str], N]) -> dict[str, N]:
    """Read NAME=NUMBER pairs of an option. Raises UsageError."""
    numbers: dict[str, N] = {}
    for pair in pairs:
        name, separator, written = pair.rpartition("=")
        try:
            number = kind(written)
        except ValueError:
            separator = ""
        if not separator or not name:
            raise UsageError(f"{option} {pair!r}: write a name, = and a number")
        if name in numbers:
            raise UsageError(f"{option} {name!r} is given twice")
        numbers[name] = number
    return numbers


def entry_fields(entry: Entry) -> dict[str, Any]:
    """Return a persona and its source as plain values."""
    return {**entry.persona.model_dump(mode="json"), "source": asdict(entry.source)}


def entry_cells(entry: Entry, field: str | None) -> list[str]:
    """Return the id and `field` of a persona, with its description if that is something else."""
    persona = entry.persona
    value = persona.attributes.get(field) if field else None
    if value is None or value == persona.description:
        return [persona.id, persona.description]
    return [persona.id, f"{as_told(value)} | {persona.description}"]
