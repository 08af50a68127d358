"""Finds the run that a person wants to join, and connects to it once it listens."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from shlex import quote

from simnet.errors import UsageError
from simnet.foundation.text import did_you_mean, visible
from simnet.joining.client import JoinClient
from simnet.joining.protocol import Address, read_join_file
from simnet.recording.files.lock import lock_holder
from simnet.recording.files.manifest import State, read_manifest
from simnet.recording.reading.folders import run_words

_EVERY = 0.2
"""Wall seconds between two looks at a run that does not listen yet."""


async def join(folder: Path, handle: str, report: Callable[[str], None]) -> JoinClient:
    """Take a handle of the run in a run directory; waits for a run that is still starting.

    `report` gets a line if it has to wait. Raises UsageError for a run that is over or lets nobody
    join and for a handle that people may not take, ProtocolError if the handle is taken.
    """
    waits = False
    while True:
        address = address_of(folder, handle)
        if address is not None:
            try:
                return await JoinClient.open(address, handle)
            except OSError:
                pass  # the file is what a killed process left, or the run has just ended
        if not waits:
            waits = True
            report(f"waiting for {visible(folder.name)} to start")
        await asyncio.sleep(_EVERY)


def address_of(folder: Path, handle: str) -> Address | None:
    """Return where a run listens, None if it does not listen yet. Raises UsageError; see `join`."""
    manifest = read_manifest(folder)
    name, humans = visible(folder.name), manifest.humans
    if lock_holder(folder) is None:
        if manifest.state is State.COMPLETED:
            raise UsageError(f"{name} has ended, so nobody can join it")
        raise UsageError(
            f"{name} does not run now; go on with it by `simnet resume {run_words(folder)}`, then "
            "join it"
        )
    if humans is None:
        raise UsageError(
            f"{name} lets nobody join; say when it is started who may be taken by people: "
            f"simnet run SCENARIO --human {quote(visible(handle))}"
        )
    if handle not in humans.handles:
        known = ", ".join(f"@{visible(one)}" for one in humans.handles)
        raise UsageError(
            f"people may not take @{visible(handle)} in {name}, but {known}"
            f"{did_you_mean(handle, humans.handles)}"
        )
    return read_join_file(folder)
