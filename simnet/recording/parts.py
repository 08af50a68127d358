"""Sealed parts: Parquet files, and the list that alone says which of them count.

`tables-<epoch>.json` in a run directory lists the parts of every table. Each recorder
writes the list of its own epoch, by replacing it as a whole, and the highest epoch counts:
a recorder that was superseded cannot undo what its successor sealed. A segment is removed
only after a list that names it as merged is in place.
"""

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from simnet.errors import RecordError
from simnet.recording.disk import Disk
from simnet.recording.merge import Piece
from simnet.recording.schema import SCHEMA_VERSION, arrow_schema, table_named
from simnet.recording.segment import bounds

ROWS_PER_GROUP = 128 << 10
ROWS_PER_PART = 64 * ROWS_PER_GROUP
_HELD_BYTES = 1 << 20
_LIST = re.compile(r"tables-(\d{6})\.json")


class Part(BaseModel):
    """One Parquet file of a table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    """Relative to the run directory."""
    rows: int
    bytes: int
    crc32: str
    """Checksum of the file's bytes, eight hexadecimal digits."""
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


class Parts(BaseModel):
    """What is sealed: the content of `tables-<epoch>.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA_VERSION
    epoch: int = 0
    tables: Mapping[str, tuple[Part, ...]] = {}
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


def read_parts(folder: Path, disk: Disk | None = None) -> Parts:
    """Read the list of parts that counts; nothing is sealed when there is none.

    Raises RecordError when it is damaged, newer than this version knows, or names a path
    that is not inside the run directory.
    """
    names = lists_in(folder, disk or Disk())
    if not names:
        return Parts()
    path = folder / names[-1]
    parts = _parse(path)
    for table, listed in parts.tables.items():
        table_named(table)
        for part in listed:
            path_inside(folder, part.path)
    return parts


def _parse(path: Path) -> Parts:
    text = path.read_bytes()
    try:
        told = json.loads(text)
        check_version(path, told)
        return Parts.model_validate_json(text)
    except (ValueError, RecursionError) as error:
        where = error.errors()[0]["loc"] if isinstance(error, ValidationError) else error
        raise RecordError(f"{path}: not a list of parts: {where}") from error


def check_version(path: Path, told: Any) -> None:
    """Raise RecordError, with advice, for a file that a newer version has written."""
    version = told.get("schema_version") if isinstance(told, dict) else None
    if not isinstance(version, int):
        raise RecordError(f"{path}: has no schema_version; this is no file of a run directory")
    if version > SCHEMA_VERSION:
        raise RecordError(
            f"{path}: has schema version {version}, this simnet knows {SCHEMA_VERSION}; "
            "upgrade simnet to read this run"
        )


def path_inside(folder: Path, relative: str) -> Path:
    """Resolve a path that a file of the run names. Raises RecordError when it leads outside."""
    pure = PurePosixPath(relative)
    path = folder / pure
    inside = path.resolve().is_relative_to(folder.resolve())
    if pure.is_absolute() or ".." in pure.parts or "\\" in relative or not inside:
        raise RecordError(f"{folder}: names the path {relative!r}, which is not inside the run")
    return path


def write_parts(
    disk: Disk, folder: Path, name: str, stem: str, tables: Iterable[pa.Table]
) -> Iterator[Part]:
    """Write sorted tables of at most ROWS_PER_GROUP rows as Parquet parts, and yield each.

    The files are `<name>/<stem>-<number>.parquet`; each is durable when it is yielded.
    Raises OSError when the disk refuses.
    """
    disk.make_folder(folder / name)
    groups = iter(tables)
    for number, group in enumerate(groups):
        relative = f"{name}/{stem}-{number:05}.parquet"
        yield _write_part(disk, folder, name, relative, group, groups)


def _write_part(
    disk: Disk, folder: Path, name: str, relative: str, group: pa.Table, more: Iterator[pa.Table]
) -> Part:
    time = table_named(name).time
    low, high = bounds(group, time)
    rows = group.num_rows
    with _Sink(disk, folder / relative) as sink:
        with pq.ParquetWriter(sink, arrow_schema(name), **_options(name)) as writer:
            writer.write_table(group, ROWS_PER_GROUP)
            while rows < ROWS_PER_PART and (group := next(more, None)) is not None:
                writer.write_table(group, ROWS_PER_GROUP)
                high = bounds(group, time)[1]
                rows += group.num_rows
        sink.sync()
    disk.sync_folder(folder / name)
    return Part(
        path=relative, rows=rows, bytes=sink.size, crc32=f"{sink.crc:08x}", low=low, high=high
    )


def _options(name: str) -> dict[str, Any]:
    table = table_named(name)
    schema = arrow_schema(name)
    order = [column for column in (table.time, *table.ties) if column]
    dictionaries = [
        f"{column}.list.element" if pa.types.is_list(schema.field(column).type) else column
        for column in table.repetitive
    ]
    return {
        "compression": "zstd",
        "write_page_checksum": True,
        "use_dictionary": dictionaries,
        "sorting_columns": pq.SortingColumn.from_ordering(schema, [(c, "ascending") for c in order])
        if order
        else None,
    }


class _Sink:
    """A file for the Parquet writer that counts and sums up what passes through."""

    def __init__(self, disk: Disk, path: Path) -> None:
        self._disk = disk
        self._descriptor = disk.create(path)
        self._held = bytearray()
        self.size = 0
        self.crc = 0
        self.closed = False

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self._held += view
        self.crc = zlib.crc32(view, self.crc)
        self.size += len(view)
        if len(self._held) >= _HELD_BYTES:
            self._pass_on()
        return len(view)

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        """Do nothing: only `sync` promises anything."""

    def sync(self) -> None:
        self._pass_on()
        self._disk.fsync(self._descriptor)

    def _pass_on(self) -> None:
        self._disk.write(self._descriptor, bytes(self._held))
        self._held.clear()

    def close(self) -> None:
        """Do nothing: the Parquet writer closes its sink before it is durable."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.closed = True
        self._disk.close(self._descriptor)


def pieces_of(
    folder: Path, name: str, part: Part, columns: Sequence[str] | None = None
) -> list[Piece]:
    """List the row groups of a part as pieces to merge or to read, with some columns or all."""
    path = path_inside(folder, part.path)
    with pq.ParquetFile(path) as file:
        metadata = file.metadata
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    column = metadata.schema.names.index(time) if (time := table_named(name).time) else None
    pieces = []
    for number, group in enumerate(groups):
        low, high = part.low, part.high
        if column is not None and (statistics := group.column(column).statistics):
            low, high = statistics.min, statistics.max
        pieces.append(Piece(low, high, group.num_rows, _group_loader(path, name, number, columns)))
    return pieces


def _group_loader(path: Path, name: str, number: int, columns: Sequence[str] | None) -> Any:
    def load() -> pa.Table:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            rows = file.read_row_group(number, columns)
        fields = [arrow_schema(name).field(column) for column in columns or rows.column_names]
        return rows.select([field.name for field in fields]).cast(pa.schema(fields))

    return load
