"""The processes an engine starts, found and ended by their ids."""

from collections.abc import Sequence
from typing import Any, TypeAlias

Process: TypeAlias = Any
"""A psutil.Process, which tells a process from a later one with the same id."""
_HELPER = "multiprocessing.resource_tracker"


def descendants() -> list[Process]:
    """List the processes this one has started and theirs.

    Python's own resource tracker is left out: it serves this process until it ends.
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


def end_processes(processes: Sequence[Process], patience: float) -> list[int]:
    """Wait `patience` seconds for processes to end, kill the rest, list the ids still there.

    Those killed have 5 more seconds; a stopped process can be killed too.
    """
    import psutil  # noqa: PLC0415

    _, alive = psutil.wait_procs(list(processes), timeout=patience)
    kill(alive)
    _, alive = psutil.wait_procs(alive, timeout=5.0)
    return [process.pid for process in alive]


def kill(processes: Sequence[Process]) -> None:
    """Kill processes at once and wait for none."""
    import psutil  # noqa: PLC0415

    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
