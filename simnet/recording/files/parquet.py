"""Writes, checks and reads sealed files, which are Parquet.

Each page has a checksum, which readers verify, and the list of sealed files has one of the
footer. So a flipped bit is an error and never reads as other rows.
"""

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from os import SEEK_END
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from simnet.errors import RecordError
from simnet.foundation.disk import Disk, check_folder
from simnet.recording.files.merge import TableSlice
from simnet.recording.files.sealed_files import SealedFile, file_inside
from simnet.recording.files.segment import bounds
from simnet.recording.files.table_metadata import described_schema
from simnet.recording.schema import arrow_schema, table_named

ROWS_PER_GROUP = 128 << 10
ROWS_PER_FILE = 8 * ROWS_PER_GROUP
"""Also the most rows of its parent that an open fork holds in memory."""

_NAME = re.compile(r"part-(\d{6,})-(\d{3,})-\d{5,}\.parquet", re.ASCII)
_BUFFER_BYTES = 1 << 20
_TAIL = 8
"""Bytes at the end of a Parquet file: the length of its footer and a magic number."""


def write_sealed_files(
    disk: Disk, folder: Path, run_id: str, name: str, stem: str, tables: Iterable[pa.Table]
) -> Iterator[SealedFile]:
    """Write sorted tables of `rows_per_group` rows as Parquet files, and yield each file.

    Each file says in its metadata of which run and table it is, and what its columns mean; see
    `described_schema`. The files are `<name>/<stem>-<number>.parquet`; each is durable when it is
    yielded. Raises OSError when the disk refuses.
    """
    check_folder(folder / name)
    disk.make_folder(folder / name)
    schema = described_schema(name, run_id)
    groups = iter(tables)
    for number, group in enumerate(groups):
        relative = f"{name}/{stem}-{number:05}.parquet"
        yield _write_sealed_file(disk, folder, schema, name, relative, group, groups)


def _write_sealed_file(
    disk: Disk,
    folder: Path,
    schema: pa.Schema,
    name: str,
    relative: str,
    group: pa.Table,
    more: Iterator[pa.Table],
) -> SealedFile:
    time = table_named(name).time
    low, high = bounds(group, time)
    rows = group.num_rows
    with _Sink(disk, folder / relative) as sink:
        with pq.ParquetWriter(sink, schema, **_options(name)) as writer:
            writer.write_table(group.cast(schema), rows)
            while (
                rows < ROWS_PER_FILE // table_named(name).weight
                and (group := next(more, None)) is not None
            ):
                writer.write_table(group.cast(schema), group.num_rows)
                high = bounds(group, time)[1]
                rows += group.num_rows
        sink.sync()
    disk.sync_folder(folder / name)
    return SealedFile(
        path=relative,
        rows=rows,
        bytes=sink.size,
        crc32=f"{sink.crc:08x}",
        footer=footer_checksum(folder / relative),
        low=low,
        high=high,
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
    """A buffered file for the Parquet writer, with the size and checksum of its bytes."""

    def __init__(self, disk: Disk, path: Path) -> None:
        self._disk = disk
        self._descriptor = disk.create(path)
        self._buffer = bytearray()
        self.size = 0
        self.crc = 0
        self.closed = False

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self._buffer += view
        self.crc = zlib.crc32(view, self.crc)
        self.size += len(view)
        if len(self._buffer) >= _BUFFER_BYTES:
            self._flush_buffer()
        return len(view)

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        """Do nothing: only `sync` makes bytes durable."""

    def sync(self) -> None:
        self._flush_buffer()
        self._disk.fsync(self._descriptor)

    def _flush_buffer(self) -> None:
        self._disk.write(self._descriptor, bytes(self._buffer))
        self._buffer.clear()

    def close(self) -> None:
        """Do nothing: the Parquet writer closes its sink before it is durable."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.closed = True
        self._disk.close(self._descriptor)


def file_stem(epoch: int, attempt: int) -> str:
    """Name the files of one attempt to seal, up to their number; names rise with time."""
    return f"part-{epoch:06}-{attempt:03}"


def sealed_by(file: str) -> tuple[int, int] | None:
    """Return the epoch and the attempt that a sealed file is named by; None for another name."""
    found = _NAME.fullmatch(file)
    return (int(found[1]), int(found[2])) if found else None


def rows_per_group(name: str) -> int:
    """Return the rows of a row group of a table, which is written and read as a whole."""
    return ROWS_PER_GROUP // table_named(name).weight


def footer_checksum(path: Path) -> str:
    """Compute the checksum of the footer of a Parquet file, its table of contents.

    Raises OSError when the file does not end as a Parquet file.
    """
    with path.open("rb") as file:
        size = file.seek(0, SEEK_END)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
        length = _TAIL + int.from_bytes(tail[:4], "little")
        if tail[4:] != b"PAR1" or length > size:
            raise OSError(f"{path}: does not end as a Parquet file does")
        file.seek(size - length)
        return f"{zlib.crc32(file.read()):08x}"


def check_footer(folder: Path, sealed: SealedFile) -> Path:
    """Return the path of a sealed file. Raises RecordError when its footer is damaged."""
    path = file_inside(folder, sealed.path)
    if sealed.footer is not None and (found := footer_checksum(path)) != sealed.footer:
        raise RecordError(
            f"{path}: cannot be read: its footer has the checksum {found}, not {sealed.footer}"
        )
    return path


def slices_of(
    folder: Path, name: str, sealed: SealedFile, columns: Sequence[str] | None = None
) -> list[TableSlice]:
    """List the row groups of a sealed file, with some columns or all."""
    path = check_footer(folder, sealed)
    with pq.ParquetFile(path) as file:
        metadata = file.metadata
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    column = metadata.schema.names.index(time) if (time := table_named(name).time) else None
    slices = []
    for number, group in enumerate(groups):
        low, high = sealed.low, sealed.high
        if column is not None and (statistics := group.column(column).statistics):
            low, high = statistics.min, statistics.max
        slices.append(
            TableSlice(low, high, group.num_rows, _group_loader(path, name, number, columns))
        )
    return slices


def _group_loader(path: Path, name: str, number: int, columns: Sequence[str] | None) -> Any:
    def load() -> pa.Table:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            rows = file.read_row_group(number, columns)
        whole = arrow_schema(name)
        schema = (
            whole if columns is None else pa.schema([whole.field(column) for column in columns])
        )
        if sorted(rows.column_names) != sorted(schema.names):
            raise RecordError(f"{path}: cannot be read: has other columns than {name}")
        return rows.select(schema.names).cast(schema)

    return load
