"""`simnet version` and `simnet --version` print the version of simnet."""

from typing import Annotated

import typer


def version() -> None:
    """Print the version of simnet."""
    from simnet.foundation.distribution import version as installed_version  # noqa: PLC0415  (slow)

    typer.echo(installed_version())


def _print_and_exit(wanted: bool) -> None:
    if wanted:
        version()
        raise typer.Exit


VersionFlag = Annotated[
    bool,
    typer.Option(
        "--version", callback=_print_and_exit, is_eager=True, help="Print the version and exit."
    ),
]
