"""Finds what of a run directory can go up: files as they were durable at one moment.

Segments are looked at in the reverse of the order in which a commit writes them. So the calls that
an event follows from, and the texts that a call names, are in what is captured with it. All is
looked at again if the list of sealed files has changed meanwhile. The manifest is read first: what
it says about the tables is true of those captured after it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from simnet.errors import RecordError
from simnet.foundation.disk import Disk, open_descriptor, read_regular
from simnet.recording.files import wal
from simnet.recording.files.manifest import MANIFEST, Manifest, read_manifest
from simnet.recording.files.sealed_files import SealedFiles, lists_in, read_sealed_files
from simnet.recording.reading.lineage import lineage
from simnet.recording.writing.recorder import COMMIT_ORDER

FOLDERS = ("scenario", "surveys")
"""Folders whose files go up as they are: the scenario's source and answers to its surveys."""
_TRIES = 20
_LARGEST = 64 << 20
"""Bytes of a file of these folders from which on it is left out; the record never has one."""


class Captured(NamedTuple):
    """A file that goes up."""

    path: str
    """Relative to the run directory."""
    size: int
    """Of a segment, those that were durable."""
    content: bytes | None = None
    """That of a file which may be replaced, as it was then; None of one that only grows."""


class Capture(NamedTuple):
    """What of a run directory was durable at one moment."""

    manifest: Manifest
    files: tuple[Captured, ...]
    ancestors: tuple[str, ...]


def capture(folder: Path, disk: Disk | None = None) -> Capture:
    """Find what can go up. Raises RecordError for a broken record, OSError if the disk fails."""
    disk = disk or Disk()
    for _ in range(_TRIES):
        first = [_replaceable(folder, MANIFEST)]
        manifest = read_manifest(folder)
        sealed, lists = read_sealed_files(folder, disk), lists_in(folder, disk)[-1:]
        try:
            first += [_replaceable(folder, name) for name in lists]
            files = [*_segments(folder, sealed, disk), *_whole_files(folder, sealed, disk)]
            if lists_in(folder, disk)[-1:] == lists and first == [
                _replaceable(folder, one.path) for one in first
            ]:
                ancestors = tuple(path.name for path, _ in lineage(folder, manifest))
                return Capture(manifest, (*files, *reversed(first)), ancestors)
        except FileNotFoundError:
            continue  # sealing has removed it
    raise OSError(f"{folder}: the record is sealed again and again while it is read")


def _segments(folder: Path, sealed: SealedFiles, disk: Disk) -> Iterator[Captured]:
    merged = set(sealed.merged)
    for table in reversed(dict.fromkeys(COMMIT_ORDER)):
        for name in wal.segments_in(folder, table, disk):
            if name not in merged:
                path = f"{wal.WAL}/{name}"
                yield Captured(path, _durable_bytes(folder / path, disk))


def _durable_bytes(path: Path, disk: Disk) -> int:
    """Return how many bytes of a file are on the disk for certain."""
    descriptor = open_descriptor(path, os.O_RDONLY)
    try:
        size = os.fstat(descriptor).st_size
        disk.fsync(descriptor)
        return size
    finally:
        os.close(descriptor)


def _whole_files(folder: Path, sealed: SealedFiles, disk: Disk) -> Iterator[Captured]:
    for files in sealed.tables.values():
        for one in files:
            yield Captured(one.path, (folder / one.path).lstat().st_size)
    for name in disk.list_folder(folder / wal.WAL):
        if wal.is_epoch_mark(name) or name.endswith(".cut"):
            yield Captured(f"{wal.WAL}/{name}", (folder / wal.WAL / name).lstat().st_size)
    for top in FOLDERS:
        for path in sorted((folder / top).rglob("*")):
            whole = path.is_file() and not path.is_symlink() and not path.name.startswith(".")
            if whole and "__pycache__" not in path.parts and path.stat().st_size <= _LARGEST:
                yield _replaceable(folder, path.relative_to(folder).as_posix())


def _replaceable(folder: Path, name: str) -> Captured:
    content = read_regular(folder / name)
    return Captured(name, len(content), content)


def read_range(path: Path, offset: int, size: int) -> Iterator[bytes]:
    """Read a range of a regular file in chunks. Raises RecordError if the file is shorter."""
    with os.fdopen(open_descriptor(path, os.O_RDONLY), "rb") as file:
        file.seek(offset)
        left = size
        while left:
            chunk = file.read(min(left, 4 << 20))
            if not chunk:
                raise RecordError(f"{path}: has lost its end since it was looked at")
            left -= len(chunk)
            yield chunk
