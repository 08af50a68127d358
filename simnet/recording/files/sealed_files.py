"""The list of sealed parts, which alone says which Parquet files of a run count.

`tables-<epoch>.json` in a run directory lists the parts of every table. Each recorder
writes the list of its own epoch, by replacing it as a whole, and the highest epoch counts:
a recorder that was superseded cannot undo what its successor sealed. A segment is removed
only after a list that names it as merged is in place.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from simnet.disk import Disk
from simnet.errors import RecordError
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
    """The same of its footer, which Parquet's own checksums leave out; None in older lists."""
    low: float
    high: float
    """Bounds of the column the table is sorted by; 0 where there is none."""


class Cut(BaseModel):
    """A segment of which not everything could be read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    segment: str
    intact: int
    """Bytes that were read."""
    size: int
    """Bytes of the file, which is kept in `wal/` with the suffix `.cut`."""
    flaw: str
    """torn (the end is missing, as after a crash) | damaged (a checksum does not fit)"""


class SealedFiles(BaseModel):
    """What is sealed: the content of `tables-<epoch>.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA_VERSION
    epoch: int = 0
    tables: Mapping[str, tuple[SealedFile, ...]] = {}
    merged: tuple[str, ...] = ()
    """Segments whose rows are in the parts: to be removed, and never read again."""
    repeats: Mapping[str, int] = {}
    """How many rows were dropped so far because their key was there already."""
    cuts: tuple[Cut, ...] = ()

    def rows(self, name: str) -> int:
        """Count the sealed rows of a table."""
        return sum(part.rows for part in self.tables.get(name, ()))


def list_name(epoch: int) -> str:
    """Name the list of parts that the recorder of an epoch writes."""
    return f"tables-{epoch:06}.json"


def lists_in(folder: Path, disk: Disk) -> list[str]:
    """List the names of the lists of parts in a run directory, oldest epoch first."""
    return [name for name in disk.list_folder(folder) if _LIST.fullmatch(name)]


def read_sealed_files(
    folder: Path, disk: Disk | None = None, oldest: int = SCHEMA_VERSION
) -> SealedFiles:
    """Read the list of parts that counts; nothing is sealed when there is none.

    Raises RecordError when it is damaged, newer than this version knows or older than
    `oldest`, or names a path that is not inside the run directory.
    """
    names = lists_in(folder, disk or Disk())
    if not names:
        return SealedFiles()
    path = folder / names[-1]
    parts = _parse(path, oldest)
    for table, listed in parts.tables.items():
        table_named(table)
        for part in listed:
            path_inside(folder, part.path)
    return parts


def _parse(path: Path, oldest: int) -> SealedFiles:
    text = path.read_bytes()
    try:
        told = json.loads(text)
        check_told_version(path, told, oldest)
        return SealedFiles.model_validate_json(text)
    except (ValueError, RecursionError) as error:
        where = error.errors()[0]["loc"] if isinstance(error, ValidationError) else error
        raise RecordError(f"{path}: not a list of parts: {where}") from error


def check_told_version(path: Path, told: Any, oldest: int = SCHEMA_VERSION) -> None:
    """Check the version that a file of JSON tells. Raises RecordError as `check_version` does."""
    version = told.get("schema_version") if isinstance(told, dict) else None
    if not isinstance(version, int):
        raise RecordError(f"{path}: has no schema_version; this is no file of a run directory")
    check_version(path, version, oldest)


def path_inside(folder: Path, relative: str) -> Path:
    """Resolve a path that a file of the run names. Raises RecordError when it leads outside."""
    pure = PurePosixPath(relative)
    path = folder / pure
    inside = path.resolve().is_relative_to(folder.resolve())
    if pure.is_absolute() or ".." in pure.parts or "\\" in relative or not inside:
        raise RecordError(f"{folder}: names the path {relative!r}, which is not inside the run")
    return path
