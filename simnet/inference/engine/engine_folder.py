"""The folder in which an engine keeps its sockets and temporary files."""

import errno
import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from simnet.foundation.leftovers import LOCK, Cleaner, remove, remove_leftovers, temporary_folder


class EngineFolder:
    """A folder in which the engine of this process keeps sockets and temporary files.

    Raises OSError if it cannot be made.
    """

    def __init__(self) -> None:
        root = temporary_folder()
        remove_leftovers(root)
        self.path = _new_folder(root)
        self._lock = os.open(self.path / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._cleaner = Cleaner(self.path)

    def remove(self) -> None:
        """End what still uses the folder; remove it and the shared memory of the engine."""
        self._cleaner.stop()
        if self.path.exists():  # its process was killed
            remove(self.path)
        os.close(self._lock)
        with suppress(OSError):  # others may use it
            self.path.parent.rmdir()


def _new_folder(root: Path) -> Path:
    for _ in range(10):
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if root.stat().st_uid != os.getuid():
            raise PermissionError(errno.EACCES, "it belongs to another user", str(root))
        with suppress(FileNotFoundError):  # another process has just removed it, since it was empty
            return Path(tempfile.mkdtemp(prefix="engine_", dir=root))
    raise FileNotFoundError(errno.ENOENT, "it is removed again and again", str(root))
