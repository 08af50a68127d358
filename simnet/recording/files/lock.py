"""The lock of a run directory: one process at a time runs a run.

It is an exclusive `flock` on a file that holds the process id and the host of its holder, and the
system releases it when that process ends. Whoever checks it takes a shared `flock` for a moment,
so that two checks at once do not see each other as holders, and whoever wants it waits for checks
to pass. It is written with `fcntl` because `filelock`, which uses `flock` too, takes only
exclusive locks: a check would create the file and need write permission for the record.

Some network file systems have no locks. There the process counts as the holder as long as it is
alive, which can be seen on its own host alone. Two hosts that run one run do no harm to the record:
the first is superseded (see `Recorder`).
"""

import errno
import fcntl
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from simnet.errors import RecordError
from simnet.foundation.disk import disk_errors, open_descriptor

LOCK = "lock"
_HOLDER = 200
"""Bytes of a lock that are read."""
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP}
"""Numbers of errors of `flock` on file systems that have no locks."""
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
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                return _living(file.read(_HOLDER))
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
        locked = _lock(folder, descriptor)
        try:
            yield
        finally:
            if not locked:
                with suppress(OSError):
                    os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _lock(folder: Path, descriptor: int) -> bool:
    """Take the lock and write the holder into it; False where the file system has no locks."""
    if os.fstat(descriptor).st_nlink > 1:
        raise RecordError(f"{folder / LOCK}: is a file with a second name elsewhere; remove it")
    with disk_errors(f"taking the lock of {folder}"):
        locked = _flocked(folder, descriptor)
        os.ftruncate(descriptor, 0)
        try:
            os.write(descriptor, f"{os.getpid()} on {platform.node()}\n".encode())
        except OSError as error:  # the lock holds without the name of its holder
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
    return locked


def _flocked(folder: Path, descriptor: int) -> bool:
    for tries_left in reversed(range(_TRIES)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not tries_left:
                raise _busy(folder, _written(descriptor)) from None
            time.sleep(_TRY_SECONDS)  # one that only looks at the lock holds it for a moment
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            if (holder := _living(_written(descriptor))) is not None:
                raise _busy(folder, holder) from None
            return False
        else:
            return True
    raise AssertionError("the last try returns or raises")


def _written(descriptor: int) -> str:
    return os.pread(descriptor, _HOLDER, 0).decode("utf-8", "replace")


def _living(holder: str) -> str | None:
    """Return the holder that is written in a lock, if it is another live process of this host."""
    number, _, host = holder.strip().partition(" on ")
    if host != platform.node() or not number.isdecimal() or int(number) == os.getpid():
        return None
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return None
    except PermissionError:
        pass  # a process of another user
    return holder.strip()


def _busy(folder: Path, holder: str) -> RecordError:
    return RecordError(
        f"{folder}: is being run by process {holder.strip() or 'unknown'}; stop it first, or wait "
        "until it ends"
    )
