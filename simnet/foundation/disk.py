"""File operations, in one place that tests can make fail, and durable writes made of them.

A write is durable once the file's content and its name in its folder have been synced. Files of a
run directory are opened without following links, because a record may come from anyone.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from simnet.errors import DiskError, DiskFullError, DiskRefusalError, RecordError

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSALS = {
    errno.EACCES, errno.EBADF, errno.EEXIST, errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.EMLINK,
    errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR, errno.ENOTEMPTY, errno.ENOTSUP, errno.EPERM,
    errno.EROFS, errno.EXDEV,
}  # fmt: skip
"""Numbers of errors that do not pass by themselves: who waits for them waits for ever."""
_SYNCS_NO_FOLDERS = {errno.EBADF, errno.EINVAL, errno.ENOTSUP}
"""Numbers of errors of `fsync` of a folder where the file system knows no such thing."""
_PARTIAL_NAME = 100
"""Characters of a file's name in the name of its partial file, which must not be too long."""


class Disk:
    """The file operations of the operating system. Each raises OSError when it fails."""

    def create(self, path: Path) -> int:
        """Create a file, which must not exist yet, and return its descriptor."""
        return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644)

    def write(self, descriptor: int, data: bytes | memoryview) -> None:
        """Write all of `data`."""
        left = memoryview(data)
        while left:
            written = os.write(descriptor, left)
            if not written:  # by some network file systems, and it would never end
                raise OSError(errno.EIO, "nothing was written")
            left = left[written:]

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

    def links(self, descriptor: int) -> int:
        """Count the names of an open file; 0 once it was removed."""
        return os.fstat(descriptor).st_nlink

    def unlink(self, path: Path) -> None:
        """Remove a file if it exists."""
        path.unlink(missing_ok=True)

    def make_folder(self, path: Path) -> None:
        """Create a folder with its parents unless it exists, and make their names durable."""
        if not path.is_dir():
            self.make_folder(path.parent)
            path.mkdir(exist_ok=True)
            self.sync_folder(path.parent)

    def sync_folder(self, path: Path) -> None:
        """Wait until the names in a folder have reached the disk.

        Some network file systems sync no folders and say so; nothing more can be done there.
        """
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.fsync(descriptor)
        except OSError as error:
            if error.errno not in _SYNCS_NO_FOLDERS:
                raise
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
    partial = path.with_name(f".{path.name[:_PARTIAL_NAME]}.{secrets.token_hex(4)}.partial")
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
def disk_errors(action: str, instead: str = "") -> Iterator[None]:
    """Turn an OSError into a DiskError or DiskFullError whose message begins with `action`.

    The message ends with `instead`, what to do, if the system refuses to write there.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise DiskFullError(f"{action}: the disk is full; make room and try again") from error
        if error.errno in _REFUSALS:
            raise DiskRefusalError(f"{action}: {error}{instead and f'; {instead}'}") from error
        raise DiskError(f"{action}: {error}") from error


# -- without following links ----------------------------------------------------------------------


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; a link to one is not followed.

    Raises RecordError for a link, a folder, a pipe or a device, OSError if there is none.
    """
    return os.fdopen(open_descriptor(path, os.O_RDONLY), "rb")


def read_regular(path: Path) -> bytes:
    """Read a regular file. Raises as `open_regular` does."""
    with open_regular(path) as file:
        return file.read()


def open_descriptor(path: Path, flags: int) -> int:
    """Open a regular file with the flags of `os.open`; errors are those of `open_regular`."""
    safe = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # opening a pipe does not wait
    try:
        descriptor = os.open(path, flags | safe, 0o644)
    except OSError as error:
        check_regular(path)
        raise error from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        check_regular(path)
        raise RecordError(f"{path}: is not a file")
    return descriptor


def check_regular(path: Path) -> None:
    """Raise RecordError if a path is there and is no regular file."""
    kind = _kind(path)
    if kind not in {None, "a file"}:
        raise RecordError(f"{path}: is {kind}, not a file; remove it, or put the file there")


def check_folder(path: Path) -> None:
    """Raise RecordError if a path is there and is no folder: a link to one could lead elsewhere."""
    kind = _kind(path)
    if kind not in {None, "a folder"}:
        raise RecordError(f"{path}: is {kind}, not a folder; remove it, or put the folder there")


def _kind(path: Path) -> str | None:
    """Say what a path is, without following links; None if there is nothing."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return None
    kinds = {stat.S_IFREG: "a file", stat.S_IFDIR: "a folder", stat.S_IFLNK: "a link"}
    return kinds.get(stat.S_IFMT(mode), "a pipe or a device")
