"""`simnet personas from-text` has a model make a persona from a text."""

from pathlib import Path
from typing import Annotated

import typer

from simnet.cli.option_groups import expand_groups
from simnet.cli.options import AsJson
from simnet.cli.personas.catalogue import FOLDER, Folder
from simnet.cli.personas.generating import (
    AskedModel,
    Save,
    Seed,
    ask_model,
    print_and_save,
)
from simnet.errors import InputError, UsageError
from simnet.personas.catalogue import Entry
from simnet.personas.generate import GENERATED, text_to_persona
from simnet.personas.sources import Source


@expand_groups
def from_text(
    asked: AskedModel,
    text: Annotated[str | None, typer.Argument(help="A text somebody writes or reads.")] = None,
    file: Annotated[Path | None, typer.Option(help="File that holds the text.")] = None,
    seed: Seed = 0,
    save: Save = False,
    as_json: AsJson = False,
    folder: Folder = FOLDER,
) -> None:
    """Make a persona of a text: somebody likely to write or read it."""
    if (text is None) == (file is None):
        raise UsageError("give either a text or --file, one of them")
    material = text if text is not None else _contents(file)
    persona = ask_model(asked, lambda model: text_to_persona(material, model, seed))
    source = Source(file.name if file else GENERATED, GENERATED)
    print_and_save(Entry(persona, source), folder if save else None, as_json=as_json)


def _contents(file: Path | None) -> str:
    try:
        return file.read_text(encoding="utf-8") if file else ""
    except UnicodeDecodeError:
        raise InputError(f"{file} is not text in UTF-8; save it as such") from None
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; check the path") from None
