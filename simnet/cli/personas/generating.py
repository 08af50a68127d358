"""What the commands share that have a model make a persona."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from simnet.cli.output import print_error
from simnet.cli.personas.catalogue import print_entry
from simnet.inference.model import Model
from simnet.personas.catalogue import Catalogue, Entry
from simnet.personas.persona import Persona

Backend = Annotated[
    str | None, typer.Option(help="What runs the model: vllm, or fake to try things out.")
]
ModelName = Annotated[str | None, typer.Option("--model", help="Model to ask.")]
Seed = Annotated[int, typer.Option(help="Seed of the reply.")]
Save = Annotated[bool, typer.Option("--save", help="Add the persona to the catalogue.")]

GENERATED = "generated"
"""Format of personas made by a model. Made from another persona, they keep its file and licence."""


def ask_model(
    backend: str | None, name: str | None, question: Callable[[Model], Awaitable[Persona]]
) -> Persona:
    """Start a model, ask it one question, and close it."""
    from simnet.inference.backends.choice import choose  # noqa: PLC0415  (looks for what is installed)

    async def ask() -> Persona:
        model: Model = choose(backend, name).ready(print_error).build()
        try:
            return await question(model)
        finally:
            await model.close()

    return asyncio.run(ask())


def print_and_save(entry: Entry, folder: Path | None, *, as_json: bool) -> None:
    """Print a new persona, after adding it to the catalogue in `folder` if one is given."""
    if folder:
        Catalogue.open(folder).add([entry.persona], entry.source)
    print_entry(entry, as_json=as_json)
