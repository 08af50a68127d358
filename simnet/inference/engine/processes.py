"""Finds the processes that an engine has started and what they hold, and ends them."""

import getpass
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psutil

from simnet.errors import RunError
from simnet.foundation.posix import LONGEST_SOCKET
from simnet.inference.engine.engine_folder import EngineFolder

_HELPER = "multiprocessing.resource_tracker"
_NAME_OF_SOCKET = 37
"""Characters of the name of a socket, with the stroke before it."""


class EngineProcesses:
    """The processes of an engine, and the folder for their sockets and temporary files.

    If this process is killed, they are ended and the folder is removed, with their shared memory.
    """

    def __init__(self) -> None:
        self._processes: list[psutil.Process] = []
        self._folder: EngineFolder | None = None

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Take the processes that are started in the block for those of the engine.

        The temporary folder of this process and of those is another one meanwhile. If the block
        fails, all is ended and removed. Raises RunError if the folder cannot be made.
        """
        before = {process.pid for process in descendants()}
        try:
            self._folder = EngineFolder()
        except OSError as fault:
            raise RunError(f"the engine has no temporary folder: {fault}") from fault
        before |= {process.pid for process in descendants()}
        try:
            with _temporary_folder(str(self._folder.path)):
                yield
        except BaseException:  # a start that is cancelled leaves no folder either
            self._folder.remove()
            raise
        self._processes = [child for child in descendants() if child.pid not in before]

    def alive(self) -> list[int]:
        """Return the ids of those that are alive."""
        return [process.pid for process in self._processes if process.is_running()]

    def kill(self) -> None:
        """Kill them without waiting for them to end."""
        kill(self._processes)

    def end(self, grace: float) -> list[int]:
        """End them as `end_processes` does, and remove what they leave."""
        left = end_processes(self._processes, grace)
        if self._folder is not None:
            self._folder.remove()
            self._folder = None
        return left


@contextmanager
def _temporary_folder(path: str) -> Iterator[None]:
    """Make a folder the temporary one of this process and of those that it starts meanwhile."""
    before, variable = tempfile.gettempdir(), os.environ.get("TMPDIR")
    if len(os.fsencode(path)) + _NAME_OF_SOCKET > LONGEST_SOCKET:
        yield  # vLLM could not start
        return
    # Compiled kernels are kept for the next engine, where torch would keep them.
    user = re.sub(r'[\\/:*?"<>|]', "_", getpass.getuser())
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", f"{before}/torchinductor_{user}")
    os.environ["TMPDIR"] = tempfile.tempdir = path
    try:
        yield
    finally:
        tempfile.tempdir = before
        if variable is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = variable


def descendants() -> list[psutil.Process]:
    """List the child processes of this one and their descendants.

    Python's resource tracker is left out, since it has to live as long as this process.
    """
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if not any(_HELPER in word for word in process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def end_processes(processes: Sequence[psutil.Process], grace: float) -> list[int]:
    """Wait `grace` seconds for processes to end, kill the rest, return the ids of survivors.

    Killed processes have 5 more seconds to end. A stopped process can be killed too.
    """
    _, alive = psutil.wait_procs(list(processes), timeout=grace)
    kill(alive)
    _, alive = psutil.wait_procs(alive, timeout=5.0)
    return [process.pid for process in alive]


def kill(processes: Sequence[psutil.Process]) -> None:
    """Kill processes without waiting for them to end."""
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
