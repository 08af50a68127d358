"""The lock of a run directory: one process at a time runs a run.

It is an exclusive `flock` on a file that holds the process id and the host of its holder, and the
system releases it when that process ends. Whoever checks it takes a shared `flock` for a moment,
so that two checks at once do not see each other as holders, and whoever wants it waits for checks
to pass. It is written with `fcntl` because `filelock`, which uses `flock` too, takes only
exclusive locks: a check would create the file and need write permission for the record.
"""

import errno
import fcntl
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simnet.errors import RecordError
from simnet.foundation.disk import disk_errors, open_descriptor

LOCK = "lock"
_HOLDER = 200
"""Bytes of a lock that are read."""
_TRIES, _TRY_SECONDS = 40, 0.025
"""How often, and after how many seconds each, a lock is tried to take that is held or looked at."""


def check_unlocked(folder: Path) -> None:
    """Raise RecordError, naming the process, while a process runs the run of this directory.

    Raises it too if the lock is no file that can be read.
    """
    if (holder := lock_holder(folder)) is not None:
        raise _busy(folder, holder)


def lock_holder(folder: Path) -> str | None:
    """Return the process that runs the run of this directory; None if there is none.

    Raises RecordError if the lock is no file, or cannot be read.
    """
    with disk_errors(f"reading the lock of {folder}"):
        try:
            descriptor = open_descriptor(folder / LOCK, os.O_RDONLY)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "r", errors="replace") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read(_HOLDER).strip() or "unknown"
    return None


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a run directory until the block ends or the process dies.

    Raises RecordError, naming the process, when another one holds it; also if the lock is no file,
    or is a second name of a file elsewhere, whose content would be lost. Raises DiskError when the
    disk refuses.
    """
    with disk_errors(f"taking the lock of {folder}"):
        descriptor = open_descriptor(folder / LOCK, os.O_RDWR | os.O_CREAT)
    try:
        _lock(folder, descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(folder: Path, descriptor: int) -> None:
    if os.fstat(descriptor).st_nlink > 1:
        raise RecordError(f"{folder / LOCK}: is a file with a second name elsewhere; remove it")
    with disk_errors(f"taking the lock of {folder}"):
        for tries_left in reversed(range(_TRIES)):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not tries_left:
                    holder = os.pread(descriptor, _HOLDER, 0).decode("utf-8", "replace")
                    raise _busy(folder, holder) from None
                time.sleep(_TRY_SECONDS)  # one that only looks at the lock holds it for a moment
        os.ftruncate(descriptor, 0)
        try:
            os.write(descriptor, f"{os.getpid()} on {platform.node()}\n".encode())
        except OSError as error:  # the lock holds without the name of its holder
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise


def _busy(folder: Path, holder: str) -> RecordError:
    return RecordError(
        f"{folder}: is being run by process {holder.strip() or 'unknown'}; stop it first, or wait "
        "until it ends"
    )
