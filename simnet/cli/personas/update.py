"""`simnet personas update` changes personas of a catalogue."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from simnet.cli.given_path import check_there
from simnet.cli.options import AsJson
from simnet.cli.output import print_json
from simnet.cli.personas.catalogue import FOLDER, Folder, open_catalogue
from simnet.errors import UsageError
from simnet.foundation.text import counted, did_you_mean
from simnet.personas.persona import Persona
from simnet.personas.sources import read


def update(
    key: Annotated[str | None, typer.Argument(metavar="ID", help="A persona's id.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="New value of a field, as JSON or text.", metavar="FIELD=VALUE"),
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option(help="Attribute to take away.", metavar="FIELD")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="File of personas that replace those of the same ids.")
    ] = None,
    as_json: AsJson = False,
    folder: Folder = FOLDER,
) -> None:
    """Change fields of a persona, or replace the personas of a file."""
    catalogue = open_catalogue(folder)
    if (key is None) == (file is None) or (key is not None and not (set_ or unset)):
        raise UsageError("give an id with --set or --unset, or give --file")
    if file is not None:
        check_there(file)
        personas = read(file).personas
    else:
        before = catalogue.get(key or "").persona
        personas = [changed_persona(before, set_ or (), unset or ())]
    changed = catalogue.update(personas)
    if as_json:
        print_json({"changed": changed, "given": len(personas)})
    elif file is not None:
        typer.echo(f"{counted(changed, 'persona')} of {len(personas):,} changed: {folder}")
    else:
        typer.echo(f"{personas[0].id} {'changed' if changed else 'is so already'}: {folder}")


def changed_persona(persona: Persona, pairs: Any, unset: Any) -> Persona:
    """Return a persona with other values. A field is the attribute of that name if there is one."""
    values = persona.model_dump(exclude={"source"}) | {"source": persona.source}
    for pair in pairs:
        name, separator, written = pair.partition("=")
        if not separator or not name:
            raise UsageError(f"--set {pair!r}: write FIELD=VALUE")
        if name in persona.attributes or name not in {"id", "description", "persona"}:
            values["attributes"] = values["attributes"] | {name: _value(written)}
        elif name == "id":
            raise UsageError("an id cannot be changed; add another persona and remove this one")
        else:
            values["description"] = written
    for name in unset:
        if name not in values["attributes"]:
            hint = did_you_mean(name, values["attributes"])
            raise UsageError(f"{persona.id} has no attribute {name!r}{hint}")
        values["attributes"] = {
            key: one for key, one in values["attributes"].items() if key != name
        }
    values["untold"] = tuple(name for name in values["untold"] if name in values["attributes"])
    return Persona(**values)


def _value(written: str) -> Any:
    """Read a number, true, false, null or a list; anything else is text."""
    try:
        value = json.loads(written)
    except ValueError:
        return written
    return written if isinstance(value, dict) else value
