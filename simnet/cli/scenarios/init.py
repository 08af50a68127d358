"""`simnet init` copies the scenarios that come with simnet into a folder, to run and to change."""

from pathlib import Path
from shlex import quote
from typing import Annotated, NamedTuple

import typer

from simnet.cli.options import AsJson
from simnet.cli.output import print_json
from simnet.errors import SimnetError, UsageError

SCENARIOS = "scenarios"
"""The folder that `simnet init` makes, called as in the repository."""
_PACKAGE = Path(__file__).parents[2]
_PLACES = (_PACKAGE / "shipped_scenarios", _PACKAGE.parent / SCENARIOS)
"""Where the scenarios are: inside the installed package, or in the repository beside it."""


class Copied(NamedTuple):
    """The paths of the scenarios in the folder of the user, by what was done."""

    written: list[Path]
    same: list[Path]
    """Files that were there already with the same content."""
    kept: list[Path]
    """Files that were there already with another content, and were left as they are."""


def init(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help=f"Where to make the folder {SCENARIOS}/."),
    ] = Path(),
    as_json: AsJson = False,
) -> None:
    """Copy the scenarios that come with simnet into scenarios/; overwrites nothing."""
    copied = copy_scenarios(folder / SCENARIOS)
    if as_json:
        print_json(
            {name: [str(path) for path in paths] for name, paths in copied._asdict().items()}
        )
        return
    for path in copied.written:
        typer.echo(f"written         {path}")
    for path in copied.same:
        typer.echo(f"already there   {path}")
    for path in copied.kept:
        typer.echo(f"left unchanged  {path} (it differs from the one that comes with simnet)")
    first = folder / SCENARIOS / "bike_lane.py"
    typer.echo(f"try one without a model: simnet run {quote(str(first))} --backend fake")


def copy_scenarios(folder: Path) -> Copied:
    """Copy the shipped scenarios into a folder, which is made if need be.

    Raises UsageError if a file or folder cannot be written. Files that are there stay as they are.
    """
    copied, shipped = Copied([], [], []), _shipped()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source in shipped:
            path, content = folder / source.name, source.read_bytes()
            try:
                with path.open("xb") as file:  # fails if it exists, whoever made it meanwhile
                    file.write(content)
            except FileExistsError:
                same = path.is_file() and path.read_bytes() == content
                (copied.same if same else copied.kept).append(path)
            else:
                copied.written.append(path)
    except OSError as error:
        where = error.filename or folder
        raise UsageError(
            f"{where}: {error.strerror}; name another folder: simnet init DIR"
        ) from error
    return copied


def _shipped() -> list[Path]:
    """List the files of the shipped scenarios. Raises SimnetError if there are none."""
    for place in _PLACES:
        if files := sorted(place.glob("*.py")):
            return files
    raise SimnetError(
        f"{_PACKAGE}: this installation of simnet holds no scenarios; install it again"
    )
