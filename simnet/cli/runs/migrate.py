"""`simnet migrate` converts a run directory to the schema of this version."""

import typer

from simnet.cli.opening import run_folder
from simnet.cli.options import RunName, Runs
from simnet.cli.run_names import RUNS


def migrate(run: RunName, runs: Runs = RUNS) -> None:
    """Bring a run directory of an older simnet up to this one, in place."""
    from simnet.recording.migrate import migrate as migrate_folder  # noqa: PLC0415
    from simnet.recording.schema import SCHEMA_VERSION  # noqa: PLC0415  (imports pyarrow)

    folder = run_folder(run, runs)
    changed = migrate_folder(folder)
    typer.echo(
        f"{folder.name} {'has now' if changed else 'already has'} schema version {SCHEMA_VERSION}"
    )
