"""`simnet personas from-persona` has a model make a persona related to another."""

from dataclasses import replace
from typing import Annotated

import typer

from simnet.cli.option_groups import expand_groups
from simnet.cli.options import AsJson
from simnet.cli.personas.catalogue import FOLDER, Folder, open_catalogue
from simnet.cli.personas.generating import (
    AskedModel,
    Save,
    Seed,
    ask_model,
    print_and_save,
)
from simnet.personas.catalogue import Entry
from simnet.personas.generate import GENERATED, persona_to_persona


@expand_groups
def from_persona(
    key: Annotated[str, typer.Argument(metavar="ID", help="A persona's id.")],
    asked: AskedModel,
    relation: Annotated[
        str | None, typer.Option(help='Who they are to the first, such as "their patient".')
    ] = None,
    seed: Seed = 0,
    save: Save = False,
    as_json: AsJson = False,
    folder: Folder = FOLDER,
) -> None:
    """Make a persona who stands in a relation to another."""
    first, origin = open_catalogue(folder).get(key)
    persona = ask_model(asked, lambda model: persona_to_persona(first, model, relation, seed))
    entry = Entry(persona, replace(origin, format=GENERATED))
    print_and_save(entry, folder if save else None, as_json=as_json)
