"""Finds the processes that an engine has started, and ends them."""

from collections.abc import Sequence
from typing import Any, TypeAlias

Process: TypeAlias = Any
"""A psutil.Process, which tells a process from a later one with the same id."""
_HELPER = "multiprocessing.resource_tracker"


def descendants() -> list[Process]:
    """List the child processes of this one and their descendants.

    Python's resource tracker is left out, since it has to live as long as this process.
    """
    import psutil  # noqa: PLC0415  (comes with vLLM; nothing else needs it)

    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if not any(_HELPER in word for word in process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def end_processes(processes: Sequence[Process], grace: float) -> list[int]:
    """Wait `grace` seconds for processes to end, kill the rest, return the ids of survivors.

    Killed processes have 5 more seconds to end. A stopped process can be killed too.
    """
    import psutil  # noqa: PLC0415

    _, alive = psutil.wait_procs(list(processes), timeout=grace)
    kill(alive)
    _, alive = psutil.wait_procs(alive, timeout=5.0)
    return [process.pid for process in alive]


def kill(processes: Sequence[Process]) -> None:
    """Kill processes without waiting for them to end."""
    import psutil  # noqa: PLC0415

    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
