"""Checks the names that personas are to be written under."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from simnet.errors import UsageError
from simnet.personas.catalogue.catalogue_files import ENDINGS

Force = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]


def check_file(path: Path, *, force: bool) -> None:
    """Raise UsageError, before anything is chosen, if personas could not be written to a file."""
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"--out {path}: give a name that ends with {' or '.join(ENDINGS)}")
    check_free([path], force=force)


def check_no_file(out: Path, holds: str) -> None:
    """Raise UsageError for the name of a file where a folder, which `holds` that, is written."""
    if out.suffix.lower() in (*ENDINGS, ".csv", ".json"):
        raise UsageError(f"--out {out}: give a folder without {out.suffix}; it gets {holds}")


def check_free(paths: Iterable[Path], *, force: bool) -> None:
    """Raise UsageError if something is in the place of a file that may not be replaced."""
    for path in paths:
        if path.is_symlink() or path.is_dir() or (path.exists() and not force):
            raise UsageError(
                f"{path} exists already; choose another name, or pass --force for a file"
            )
