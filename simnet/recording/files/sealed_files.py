"""The list of sealed files. A Parquet file that is not in it is not part of the record.

`tables-<epoch>.json` in a run directory lists the sealed files of every table. Each recorder
replaces the list of its own epoch atomically, and readers use the list of the highest epoch, so
a superseded recorder cannot undo what its successor has sealed. A segment is removed only after
a list that names it as merged is in place.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from simnet.errors import RecordError
from simnet.foundation.disk import Disk, check_regular, read_regular
from simnet.recording.schema import SCHEMA_VERSION, check_version, table_named

_LIST = re.compile(r"tables-(\d{6})\.json")


class SealedFile(BaseModel):
    """One Parquet file of a table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    """Relative to the run directory."""
    rows: int
    bytes: int
    crc32: str
    """Checksum of the file's bytes, eight hexadecimal digits."""
    footer: str | None = None
    """Checksum of its footer, which Parquet's page checksums leave out; None in older lists."""
    low: float
    high: float
    """Bounds of the column the table is sorted by; 0 where there is none."""


class FlawedSegment(BaseModel):
    """A segment whose end could not be read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    segment: str
    intact: int
    """Bytes of the prefix that was read."""
    size: int
    """Bytes of the file, which is kept in `wal/` with the suffix `.cut`."""
    flaw: str
    """torn (the end is missing, as after a crash) | damaged (a checksum does not fit)"""


class SealedFiles(BaseModel):
    """All sealed files of a run: the content of `tables-<epoch>.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA_VERSION
    epoch: int = 0
    tables: Mapping[str, tuple[SealedFile, ...]] = {}
    merged: tuple[str, ...] = ()
    """Segments whose rows are in sealed files; they are removed and not read any more."""
    repeats: Mapping[str, int] = {}
    """Rows by table that were dropped so far because of a repeated key."""
    cuts: tuple[FlawedSegment, ...] = ()

    def rows(self, name: str) -> int:
        """Count the sealed rows of a table."""
        return sum(sealed.rows for sealed in self.tables.get(name, ()))


def list_name(epoch: int) -> str:
    """Name the list of sealed files that the recorder of an epoch writes."""
    return f"tables-{epoch:06}.json"


def lists_in(folder: Path, disk: Disk) -> list[str]:
    """Name the lists of sealed files in a run directory, oldest epoch first."""
    return [name for name in disk.list_folder(folder) if _LIST.fullmatch(name)]


def read_sealed_files(
    folder: Path, disk: Disk | None = None, oldest: int = SCHEMA_VERSION
) -> SealedFiles:
    """Read the list of the highest epoch; the result is empty when there is no list.

    Raises RecordError when the list is damaged, newer than this version or older than `oldest`,
    or names a path outside of the run directory.
    """
    path = _newest_list(folder, disk or Disk())
    if path is None:
        return SealedFiles()
    try:
        files = _parse(path, oldest)
    except FileNotFoundError:  # a seal has just replaced it by one of a later epoch
        if _newest_list(folder, disk or Disk()) == path:
            raise
        return read_sealed_files(folder, disk, oldest)
    for table, listed in files.tables.items():
        if files.schema_version == SCHEMA_VERSION:
            table_named(table)
        for sealed in listed:
            path_inside(folder, sealed.path)
    return files


def _newest_list(folder: Path, disk: Disk) -> Path | None:
    names = lists_in(folder, disk)
    return folder / names[-1] if names else None


def _parse(path: Path, oldest: int) -> SealedFiles:
    text = read_regular(path)
    try:
        check_json_version(path, json.loads(text), oldest)
        return SealedFiles.model_validate_json(text)
    except (ValueError, RecursionError) as error:
        where = error.errors()[0]["loc"] if isinstance(error, ValidationError) else error
        raise RecordError(f"{path}: not a list of sealed files: {where}") from error


def check_json_version(path: Path, content: Any, oldest: int = SCHEMA_VERSION) -> None:
    """Check the version in the content of a JSON file. Raises as `check_version` does."""
    version = content.get("schema_version") if isinstance(content, dict) else None
    if not isinstance(version, int):
        raise RecordError(f"{path}: has no schema_version; this is no file of a run directory")
    check_version(path, version, oldest)


def path_inside(folder: Path, relative: str) -> Path:
    """Return a path named in a file of the run.

    Raises RecordError when it could lead outside: if it is absolute, goes up, or has a link in it.
    """
    pure = PurePosixPath(relative)
    path = folder
    outside = pure.is_absolute() or ".." in pure.parts or not pure.parts
    if outside or "\\" in relative or "\0" in relative:
        raise _outside(folder, relative)
    for part in pure.parts:
        path /= part
        try:
            linked = path.is_symlink()
        except OSError as error:  # a name that is too long
            raise _outside(folder, relative, f": {error.strerror}") from error
        if linked:
            raise _outside(folder, relative, f": {part} is a link")
    return path


def file_inside(folder: Path, relative: str) -> Path:
    """Return the path of a file that is named in a file of the run.

    Raises RecordError as `path_inside` does, and for anything but a file.
    """
    path = path_inside(folder, relative)
    check_regular(path)
    return path


def _outside(folder: Path, relative: str, why: str = "") -> RecordError:
    return RecordError(f"{folder}: names the path {relative!r}, which is not inside the run{why}")
