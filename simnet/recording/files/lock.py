"""The lock of a run directory: one process at a time runs a run.

It is an exclusive `flock` on a file that holds the process id and the host of its holder, and the
system releases it when that process ends. It is written with `fcntl` because `filelock`, which
uses `flock` too, cannot check a lock without taking it: a check would create the file, would
need write permission for the record, and two checks at once would see each other as holders.
"""

import fcntl
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simnet.errors import RecordError

LOCK = "lock"


def check_unlocked(folder: Path) -> None:
    """Raise RecordError, naming the process, while a process runs the run of this directory."""
    path = folder / LOCK
    if not path.exists():
        return
    with path.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(folder, file.read()) from None


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a run directory until the block ends or the process dies.

    Raises RecordError, naming the process, when another one holds it.
    """
    with (folder / LOCK).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise _busy(folder, file.read()) from None
        file.truncate(0)
        file.write(f"{os.getpid()} on {platform.node()}\n")
        file.flush()
        yield


def _busy(folder: Path, holder: str) -> RecordError:
    return RecordError(
        f"{folder}: is being run by process {holder.strip() or 'unknown'}; stop it first, or wait "
        "until it ends"
    )
