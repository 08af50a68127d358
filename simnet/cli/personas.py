"""The `simnet personas` commands."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from simnet.errors import InputError, UsageError
from simnet.inference.model import Model
from simnet.personas.catalogue import Catalogue, Entry
from simnet.personas.generate import persona_to_persona, text_to_persona
from simnet.personas.persona import Persona
from simnet.personas.sources import FORMATS, Source, read

app = typer.Typer(
    name="personas",
    help="Import, search and make personas.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Folder = Annotated[Path, typer.Option("--in", help="Folder of the catalogue.")]
Field = Annotated[
    str | None, typer.Option(help="Field to look at, as the source names it; all if left out.")
]
Limit = Annotated[int, typer.Option(min=1, help="How many to show at most.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]
Backend = Annotated[
    str | None, typer.Option(help="What runs the model: vllm, or fake to try things out.")
]
ModelName = Annotated[str | None, typer.Option("--model", help="Model to ask.")]
Seed = Annotated[int, typer.Option(help="Seed of the reply.")]
Save = Annotated[bool, typer.Option("--save", help="Add the persona to the catalogue.")]

HOME = Path("personas")
GENERATED = "generated"
"""Format of personas made by a model; made from another, they keep its file and its licence."""


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="JSON, JSONL, CSV or Parquet file.")],
    format: Annotated[
        str | None, typer.Option(help=f"Found out if left out: {', '.join(sorted(FORMATS))}.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    into: Annotated[Path, typer.Option("--into", help="Folder of the catalogue.")] = HOME,
) -> None:
    """Add the personas of a file to a catalogue, all or none."""
    batch = read(path, format, limit)
    added = Catalogue.open(into).add(batch.personas, batch.source)
    licence = f", licence {batch.source.licence}" if batch.source.licence else ""
    known = f", {added.known} were there already" if added.known else ""
    typer.echo(f"{added.new} personas from {path} ({batch.source.format}{licence}){known}: {into}")


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="Words; those found have all of them.")],
    field: Field = None,
    limit: Limit = 10,
    as_json: AsJson = False,
    folder: Folder = HOME,
) -> None:
    """Find personas by words."""
    catalogue = _existing(folder)
    shown = catalogue.search(text, field, limit)
    if as_json:
        _print_lines([_plain(entry) for entry in shown])
        return
    _print_table(["id", field or "description"], [_cells(entry, field) for entry in shown])
    typer.echo(f"{len(shown)} of {catalogue.count(text, field)} found")


@app.command()
def similar(
    to: Annotated[str, typer.Argument(metavar="ID_OR_TEXT", help="A persona's id, or any text.")],
    field: Annotated[
        str | None, typer.Option(help="Field to compare, as the source names it; who they are.")
    ] = None,
    limit: Limit = 10,
    as_json: AsJson = False,
    folder: Folder = HOME,
) -> None:
    """Find the personas most like one, or like a text."""
    found = _existing(folder).similar(to, field, limit)
    if as_json:
        _print_lines([{"score": round(score, 4), **_plain(entry)} for entry, score in found])
        return
    rows = [[f"{score:.3f}", *_cells(entry, field)] for entry, score in found]
    _print_table(["score", "id", field or "description"], rows)


@app.command()
def show(
    key: Annotated[str, typer.Argument(metavar="ID")],
    as_json: AsJson = False,
    folder: Folder = HOME,
) -> None:
    """Show all there is about one persona."""
    entry = _existing(folder).get(key)
    if as_json:
        _print_lines([_plain(entry)])
    else:
        _print_persona(entry.persona, entry.source)


@app.command()
def from_text(
    text: Annotated[str | None, typer.Argument(help="A text somebody writes or reads.")] = None,
    file: Annotated[Path | None, typer.Option(help="File that holds the text.")] = None,
    backend: Backend = None,
    model: ModelName = None,
    seed: Seed = 0,
    save: Save = False,
    as_json: AsJson = False,
    folder: Folder = HOME,
) -> None:
    """Make a persona of a text: somebody likely to write or read it."""
    if (text is None) == (file is None):
        raise UsageError("give either a text or --file, one of them")
    material = text if text is not None else _contents(file)
    persona = _ask(backend, model, lambda asked: text_to_persona(material, asked, seed))
    source = Source(file.name if file else "", GENERATED)
    _finish(persona, source, folder if save else None, as_json)


@app.command()
def from_persona(
    key: Annotated[str, typer.Argument(metavar="ID")],
    relation: Annotated[
        str | None, typer.Option(help='Who they are to the first, such as "their patient".')
    ] = None,
    backend: Backend = None,
    model: ModelName = None,
    seed: Seed = 0,
    save: Save = False,
    as_json: AsJson = False,
    folder: Folder = HOME,
) -> None:
    """Make a persona who stands in a relation to another."""
    first, origin = _existing(folder).get(key)
    persona = _ask(backend, model, lambda asked: persona_to_persona(first, asked, relation, seed))
    source = origin._replace(format=GENERATED)
    _finish(persona, source, folder if save else None, as_json)


def _existing(folder: Path) -> Catalogue:
    catalogue = Catalogue.open(folder)
    if not len(catalogue):
        raise UsageError(
            f"there are no personas in {folder}; start with: "
            f"simnet personas import FILE --into {folder}"
        )
    return catalogue


def _contents(file: Path | None) -> str:
    try:
        return file.read_text(encoding="utf-8") if file else ""
    except UnicodeDecodeError:
        raise InputError(f"{file} is not text in UTF-8; save it as such") from None
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; check the path") from None


def _ask(
    backend: str | None, name: str | None, question: Callable[[Model], Awaitable[Persona]]
) -> Persona:
    """Start a model, ask it one question, and free it."""
    from simnet.inference.backends.choice import choose  # noqa: PLC0415 - finds out what is installed

    async def ask() -> Persona:
        model: Model = choose(backend, name).ready(_progress).build()
        try:
            return await question(model)
        finally:
            await model.close()

    return asyncio.run(ask())


def _progress(line: str) -> None:
    typer.echo(line, err=True)


def _finish(persona: Persona, source: Source, folder: Path | None, as_json: bool) -> None:
    if folder:
        Catalogue.open(folder).add([persona], source)
    if as_json:
        _print_lines([_plain(Entry(persona, source))])
    else:
        _print_persona(persona, source)


def _plain(entry: Entry) -> dict[str, Any]:
    return {**entry.persona.model_dump(mode="json"), "source": entry.source._asdict()}


def _cells(entry: Entry, field: str | None) -> list[str]:
    """Show the id and the field that was asked for, and who it is if that is something else."""
    persona = entry.persona
    value = persona.attributes.get(field) if field else None
    if value is None or value == persona.description:
        return [persona.id, persona.description]
    return [persona.id, f"{value} | {persona.description}"]


def _print_lines(objects: Sequence[dict[str, Any]]) -> None:
    for one in objects:
        sys.stdout.write(json.dumps(one, ensure_ascii=False) + "\n")


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - takes long to import
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console()
    if not console.is_terminal:
        sys.stdout.writelines("\t".join(_line(cell) for cell in row) + "\n" for row in rows)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading == "score")
    for row in rows:
        table.add_row(*(Text(_safe(cell)) for cell in row))
    console.print(table)


def _print_persona(persona: Persona, source: Source) -> None:
    told = {**persona.attributes, "source": source.file, "licence": source.licence}
    rows = [["id", persona.id], ["description", persona.description]]
    rows += [[name, _shown(value)] for name, value in told.items() if value not in (None, "", [])]
    _print_table(["field", "value"], rows)


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _line(text: str) -> str:
    return " ".join(_safe(text).split())


def _safe(text: str) -> str:
    """Leave out what would steer the terminal."""
    return "".join(one if one.isprintable() or one == "\n" else " " for one in text)
