"""File operations, in one place that tests can make fail, and durable writes made of them.

A write is durable once the file's content and its name in its folder have been synced.
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from simnet.errors import DiskError, DiskFullError

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Disk:
    """The file operations of the operating system. Each raises OSError when it fails."""

    def create(self, path: Path) -> int:
        """Create a file, which must not exist yet, and return its descriptor."""
        return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644)

    def write(self, descriptor: int, data: bytes | memoryview) -> None:
        """Write all of `data`."""
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]

    def fsync(self, descriptor: int) -> None:
        """Wait until what was written has reached the disk."""
        os.fsync(descriptor)

    def sync_file(self, path: Path) -> None:
        """Wait until the content of a file that is closed has reached the disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self, descriptor: int) -> None:
        """Close a descriptor; this does not make durable what was written to it."""
        os.close(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        """Rename a file or folder; a file that had the name is replaced atomically."""
        source.replace(target)

    def unlink(self, path: Path) -> None:
        """Remove a file if it exists."""
        path.unlink(missing_ok=True)

    def make_folder(self, path: Path) -> None:
        """Create a folder with its parents unless it exists, and make its name durable."""
        if not path.is_dir():
            path.mkdir(parents=True, exist_ok=True)
            self.sync_folder(path.parent)

    def sync_folder(self, path: Path) -> None:
        """Wait until the names in a folder have reached the disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.fsync(descriptor)
        finally:
            os.close(descriptor)

    def list_folder(self, path: Path) -> list[str]:
        """List the names in a folder, sorted; an empty list when there is no such folder."""
        try:
            return sorted(entry.name for entry in os.scandir(path))
        except FileNotFoundError:
            return []


def write_atomically(disk: Disk, path: Path, data: bytes | memoryview) -> None:
    """Replace a file as a whole, durably: a crash leaves the old content or the new.

    Raises OSError when an operation fails; the old content is then still in place.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    descriptor = disk.create(partial)
    try:
        try:
            disk.write(descriptor, data)
            disk.fsync(descriptor)
        finally:
            disk.close(descriptor)
        disk.replace(partial, path)
    except OSError:
        # The first error is the one to report; a partial file that stays is never read.
        with suppress(OSError):
            disk.unlink(partial)
        raise
    disk.sync_folder(path.parent)


def publish_folder(disk: Disk, source: Path, target: Path) -> None:
    """Make the files of a folder durable, then rename it to its final name, durably.

    A folder called `target` is therefore complete. Raises OSError when an operation fails.
    """
    for name in disk.list_folder(source):
        disk.sync_file(source / name)
    disk.sync_folder(source)
    disk.replace(source, target)
    disk.sync_folder(target.parent)


@contextmanager
def disk_errors(action: str) -> Iterator[None]:
    """Turn an OSError into a DiskError or DiskFullError whose message begins with `action`."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise DiskFullError(f"{action}: the disk is full; make room and try again") from error
        raise DiskError(f"{action}: {error}") from error
