"""What the commands share that have a model make a persona."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simnet.cli.options import Backend, BaseUrl, Deadline, Engine, Model, ModelFlags, Replicas
from simnet.cli.output import print_error
from simnet.cli.personas.catalogue import print_entry
from simnet.inference import model as models
from simnet.personas.catalogue import Catalogue, Entry
from simnet.personas.persona import Persona

if TYPE_CHECKING:
    from simnet.inference.backend import Backend as ChosenBackend

Seed = Annotated[int, typer.Option(help="Seed of the reply.")]
Save = Annotated[bool, typer.Option("--save", help="Add the persona to the catalogue.")]


@dataclass(frozen=True, kw_only=True)
class AskedModel:
    """The options that choose the one model that is asked; they are those of `simnet run`."""

    model: Model = None
    backend: Backend = None
    base_url: BaseUrl = None
    engine: Engine = None
    deadline: Deadline = None

    def choose(self) -> "ChosenBackend":
        """Choose a backend and its model. Raises UsageError."""
        from simnet.inference.backends.choice import choose  # noqa: PLC0415  (slow)

        flags = ModelFlags(**vars(self)).read()
        assert self.model is None or isinstance(self.model, str)
        settings = flags.settings_by_name
        return choose(
            self.backend,
            self.model,
            endpoint=flags.endpoint(),
            replicas=flags.replicas or 1,
            engine=settings,
        )


@dataclass(frozen=True, kw_only=True)
class ServedModel(AskedModel):
    """The options that choose a model that several engines may serve."""

    replicas: Replicas = None


def ask_model(asked: AskedModel, question: Callable[[models.Model], Awaitable[Persona]]) -> Persona:
    """Start a model, ask it one question, and close it."""

    async def ask() -> Persona:
        model = asked.choose().ready(print_error).build()
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
