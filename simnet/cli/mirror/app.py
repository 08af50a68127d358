"""`simnet mirror push` and `simnet mirror pull`: a record to an object store, and back."""

from typing import Annotated

import typer

from simnet.cli.options import RunName, Runs
from simnet.cli.run_names import RUNS

app = typer.Typer(
    name="mirror", rich_markup_mode=None, no_args_is_help=True, help="Copies of records in stores."
)
Url = Annotated[
    str,
    typer.Argument(metavar="URL", help="A folder of mirrored runs, such as s3://bucket/prefix."),
]


@app.command()
def push(run: RunName, url: Url, runs: Runs = RUNS) -> None:
    """Bring all of a run's record up, such as what was missing when the run ended."""
    from simnet.cli.opening import open_run_to_change  # noqa: PLC0415
    from simnet.recording.mirror.mirror_address import MirrorAddress  # noqa: PLC0415
    from simnet.runs.mirroring.mirror_descriptions import describe_mirror  # noqa: PLC0415
    from simnet.runs.mirroring.mirror_return import push as push_run  # noqa: PLC0415

    opened = open_run_to_change(run, runs)
    facts = push_run(opened, MirrorAddress.read(url))
    typer.echo(describe_mirror(facts, opened.path))


@app.command()
def pull(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="A mirrored run: s3://bucket/prefix/RUN.")
    ],
    runs: Runs = RUNS,
) -> None:
    """Bring a run back from its mirror, to read it here or to go on with it."""
    from simnet.recording.mirror.downloading import bring_back  # noqa: PLC0415
    from simnet.recording.mirror.mirror_address import MirrorAddress  # noqa: PLC0415
    from simnet.recording.reading.folders import expanded  # noqa: PLC0415

    typer.echo(str(bring_back(MirrorAddress.read(url), expanded(runs))))
