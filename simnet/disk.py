"""Every operation a recorder asks of the disk, in one place that tests can make fail."""

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
        """Create a file that must not exist yet and return its descriptor."""
        return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644)

    def write(self, descriptor: int, data: bytes | memoryview) -> None:
        """Write all of `data`."""
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]

    def fsync(self, descriptor: int) -> None:
        """Wait until what was written has reached the disk."""
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """Close a descriptor; promises nothing about what was written to it."""
        os.close(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        """Rename a file, replacing atomically whatever had the name."""
        source.replace(target)

    def unlink(self, path: Path) -> None:
        """Remove a file, which may be gone already."""
        path.unlink(missing_ok=True)

    def make_folder(self, path: Path) -> None:
        """Create a folder, with its parents, unless it is there, and make it durable."""
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
        """List the names in a folder, sorted; none when there is no such folder."""
        try:
            return sorted(entry.name for entry in os.scandir(path))
        except FileNotFoundError:
            return []


def write_atomically(disk: Disk, path: Path, data: bytes) -> None:
    """Replace a file as a whole: afterwards there is the old content or the new, durably.

    Raises OSError when the disk refuses; the old content is then still in place.
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
        # The first error is the one to tell; a partial file left behind harms nobody.
        with suppress(OSError):
            disk.unlink(partial)
        raise
    disk.sync_folder(path.parent)


@contextmanager
def disk_errors(doing: str) -> Iterator[None]:
    """Turn an OSError into the DiskError or DiskFullError that says what was being done."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise DiskFullError(f"{doing}: the disk is full; make room and try again") from error
        raise DiskError(f"{doing}: {error}") from error
