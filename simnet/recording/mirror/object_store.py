"""The objects below one prefix of a store: written whole, read, listed, removed."""

import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import fs

from simnet.errors import RecordError
from simnet.recording.files.sealed_files import path_inside
from simnet.recording.mirror.mirror_address import MirrorAddress

_CHUNK = 4 << 20
_WITH_FOLDERS = {"local", "mock"}
"""Kinds of file systems in which a folder has to be made before a file in it."""
_NAME = re.compile(r"[A-Za-z0-9._@=+-]+(/[A-Za-z0-9._@=+ -]+)*")


class StoreError(RecordError):
    """A store of objects cannot be reached, or refused what was asked of it."""


class MissingObjectError(StoreError):
    """An object is not in the store."""


class StoredObject(NamedTuple):
    """An object: its name below the prefix, and its size."""

    name: str
    bytes: int


class ObjectStore:
    """What is below a prefix. Methods raise StoreError, with no secrets in the message.

    Names are relative to the prefix; one that leads out of it raises RecordError, and so does a
    link in a local folder. `system` is a file system of `pyarrow.fs`, `base` a path in it.
    """

    def __init__(self, system: Any, base: str, address: MirrorAddress) -> None:
        self._system = system
        self._base = base.rstrip("/")
        self._address = address

    @classmethod
    def at(cls, address: MirrorAddress) -> "ObjectStore":
        """Connect to the store of an address."""
        try:
            return cls(*address.connect(), address)
        except OSError as error:
            raise StoreError(f"{address}: {error}") from None

    def below(self, name: str) -> "ObjectStore":
        """Return the part of the store below a name."""
        return ObjectStore(self._system, self._path(name), self._address.child(name))

    def write(self, name: str, chunks: Iterable[bytes], size: int) -> None:
        """Write an object of `size` bytes, and look whether the store has all of it."""
        path = self._path(name)
        kind = self._system.type_name
        target = path if kind not in _WITH_FOLDERS else f"{path}.{secrets.token_hex(4)}.partial"
        with self._errors():
            if kind in _WITH_FOLDERS:
                self._system.create_dir(path.rpartition("/")[0], recursive=True)
            try:
                with self._system.open_output_stream(target) as stream:
                    for chunk in chunks:
                        stream.write(chunk)
                if target != path:
                    self._system.move(target, path)
            except BaseException:
                with suppress(OSError, pa.ArrowException):
                    if target != path:
                        self._system.delete_file(target)
                raise
            found = self._system.get_file_info(path)
        if found.type != fs.FileType.File or found.size != size:
            there = found.size if found.type == fs.FileType.File else "no"
            raise StoreError(
                f"{self._address}: {name}: {there} bytes are in the store after {size} were written"
            )

    def read(self, name: str) -> bytes:
        """Read an object. Raises MissingObjectError if there is none."""
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """Read an object in pieces of a few MiB. Raises MissingObjectError if there is none."""
        with self._errors(), self._system.open_input_stream(self._path(name)) as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk

    def objects_in(self, folder: str) -> list[StoredObject]:
        """List the objects in a folder, not those below it, by name."""
        return self._listed(folder, fs.FileType.File)

    def folders(self) -> list[str]:
        """Name the folders directly below the prefix."""
        return [one.name for one in self._listed("", fs.FileType.Directory)]

    def remove(self, name: str) -> None:
        """Remove an object, if it is there."""
        with self._errors(), suppress(FileNotFoundError):
            self._system.delete_file(self._path(name))

    def _listed(self, folder: str, kind: Any) -> list[StoredObject]:
        base = self._path(folder) if folder else self._base
        selector = fs.FileSelector(base, allow_not_found=True, recursive=False)
        with self._errors():
            found = self._system.get_file_info(selector)
        prefix = f"{folder}/" if folder else ""
        return sorted(
            StoredObject(prefix + one.base_name, one.size or 0) for one in found if one.type == kind
        )

    def _path(self, name: str) -> str:
        if ".." in name.split("/") or not _NAME.fullmatch(name):
            raise RecordError(f"{name!r} is no name of an object of a mirror")
        if self._system.type_name == "local":
            path_inside(Path(self._base), name)
        return f"{self._base}/{name}"

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what pyarrow raises into a StoreError without secrets."""
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            text = self._address.scrubbed(" ".join(str(error).split()))
            kind = MissingObjectError if isinstance(error, FileNotFoundError) else StoreError
            raise kind(f"{self._address}: {text}") from None
