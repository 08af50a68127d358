"""The command by which a person takes the turns of a persona in a run."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from simnet.cli.opening import run_folder
from simnet.cli.options import RunName, Runs
from simnet.cli.output import print_error
from simnet.cli.run_names import RUNS
from simnet.foundation.text import visible


def join(
    run: RunName,
    handle: Annotated[str, typer.Option("--as", metavar="HANDLE", help="Whom you answer for.")],
    runs: Runs = RUNS,
) -> None:
    """Take the turns of a persona in a run that goes on: it is shown its feed, and you answer.

    The run has to be started with `--human HANDLE`. Type an action, such as `reply 2: Well said`,
    or `help`, `pass`, `skip` or `leave`. If you do not answer in time, the persona does.
    """
    folder = run_folder(run, runs)
    asyncio.run(_join(folder, handle.removeprefix("@")))


async def _join(folder: Path, handle: str) -> None:
    from simnet.cli.display.seat import Seat, TypedLines  # noqa: PLC0415
    from simnet.runs.people.joining_run import join  # noqa: PLC0415  (imports pyarrow)

    lines = TypedLines()
    seat = Seat(lines)
    while True:
        client = await join(folder, handle, print_error)
        if await seat.play(client):
            return
        print_error(f"the connection to {visible(folder.name)} was lost")
