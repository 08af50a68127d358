"""Write-ahead segments: Arrow IPC streams with a checksum for each message.

A segment has rows of one table, is compressed with zstd, and opens in any Arrow reader. IPC has
no checksums, so most flipped bits would read as other data. Therefore every message has a seal,
a JSON object under the key `simnet` of its custom metadata (for the first message: of the
schema's metadata):

    {"bytes":"000000001234","crc32":"89abcdef", ...}

`bytes` is the length of the whole message and `crc32` its checksum, computed with zeros in place
of the checksum's eight digits. Both have a fixed width and come first, so a reader checks them
before it decodes anything. A changed length makes the checksum differ. JSON escapes quotes, so
no text of an agent can look like a seal.

The seal of a batch also has `rows`, `first` (the number of rows in the segment before it), `low`
and `high` (bounds of the column that orders the table) and `last` (the key of its last row). The
seal of the schema also has `table` and `version`.
"""

import json
import mmap
import os
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from simnet.errors import RecordError
from simnet.foundation.disk import open_regular
from simnet.recording.schema import (
    SCHEMA_VERSION,
    arrow_schema,
    check_version,
    table_named,
)

_SEAL = re.compile(rb'\{"bytes":"(\d{12})","crc32":"([0-9a-f]{8})"')
_BLANK = b"0" * 8
_END_OF_STREAM = 8
_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")
_DECODER = json.JSONDecoder()


class Batch(NamedTuple):
    """Position and content of an intact batch of a segment."""

    offset: int
    size: int
    rows: int
    low: float
    high: float
    last: list[Any]


class Segment(NamedTuple):
    """The intact prefix of a segment file."""

    path: Path
    table: str
    batches: tuple[Batch, ...]
    intact: int
    """Bytes of the prefix that passed its checks."""
    size: int
    """Bytes of the file."""
    flaw: str | None
    """torn | damaged: why the prefix ends; None when the whole file is intact."""
    version: int | None = None
    """Schema version of the writer; None when the first message is not intact."""

    @property
    def rows(self) -> int:
        """Count the rows of the intact prefix."""
        return sum(batch.rows for batch in self.batches)


def schema_message(name: str) -> bytes:
    """Encode the first message of a segment of this table."""
    return seal_schema(arrow_schema(name), {"table": name, "version": SCHEMA_VERSION})


def batch_message(name: str, batch: pa.RecordBatch, first: int) -> bytes:
    """Encode a batch, compressed and sealed; `first` counts the segment's rows before it."""
    table = table_named(name)
    low, high = bounds(batch, table.time)
    last = [batch.column(key)[-1].as_py() for key in table.key]
    fields = {"rows": batch.num_rows, "first": first, "low": low, "high": high, "last": last}
    return seal_batch(arrow_schema(name), batch, fields)


def seal_schema(schema: pa.Schema, fields: Mapping[str, Any]) -> bytes:
    """Encode the first message of a stream with columns of any kind; `fields` go into its seal."""
    return _sealed(_stream(schema.with_metadata({"simnet": _seal(fields)}), None, None))


def seal_batch(schema: pa.Schema, batch: pa.RecordBatch, fields: Mapping[str, Any]) -> bytes:
    """Encode a later message of a stream with these columns; `fields` go into its seal."""
    stream = _stream(schema, batch, _seal(fields))
    # The first message is the schema's: a mark, the length of what follows it, and no body.
    return _sealed(stream[8 + int.from_bytes(stream[4:8], "little") :])


def bounds(batch: pa.RecordBatch | pa.Table, column: str | None) -> tuple[float, float]:
    """Find the least and the greatest value of a column; (0, 0) for None."""
    if column is None:
        return 0.0, 0.0
    both = pc.min_max(batch.column(column))
    return both["min"].as_py(), both["max"].as_py()


def _stream(schema: pa.Schema, batch: pa.RecordBatch | None, seal: str | None) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema, options=_OPTIONS) as writer:
        if batch is not None:
            writer.write_batch(batch, custom_metadata={"simnet": seal})
    stream: bytes = sink.getvalue().to_pybytes()
    return stream[:-_END_OF_STREAM]


def _seal(fields: Mapping[str, Any]) -> str:
    seal = {"bytes": "0" * 12, "crc32": _BLANK.decode(), **fields}
    return json.dumps(seal, separators=(",", ":"))


def _sealed(message: bytes) -> bytes:
    found = _SEAL.search(message)
    if found is None:
        raise RecordError("an Arrow message lost its seal; this version of pyarrow cannot be used")
    sealed = bytearray(message)
    sealed[slice(*found.span(1))] = b"%012d" % len(message)
    sealed[slice(*found.span(2))] = b"%08x" % zlib.crc32(sealed)
    return bytes(sealed)


def read_segment(path: Path, name: str, oldest: int = SCHEMA_VERSION) -> Segment:
    """Check a segment from its start and index the batches of its longest intact prefix.

    Damage only shortens the prefix. Raises RecordError when the segment is of another table, or
    was written by a newer version or one older than `oldest`, by default this version.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if not size:
            return Segment(path=path, table=name, batches=(), intact=0, size=0, flaw=None)
        # Not closed by `with`: the watchdog may hold a frame that refers to a part of the map just
        # then, and a map that is referred to cannot be closed. It is once nothing does.
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return _index(path, name, memoryview(data), oldest)


def _index(path: Path, name: str, data: memoryview, oldest: int) -> Segment:
    batches: list[Batch] = []
    offset, flaw, version = 0, None, None
    while offset < len(data) and flaw is None:
        size, seal = check_message(data[offset:])
        if seal is None:
            flaw = "torn" if size > len(data) - offset else "damaged"
        elif offset == 0:
            _check_header(path, name, seal, oldest)
            version = seal["version"]
        else:
            fields = {field: seal[field] for field in Batch._fields[2:]}
            batches.append(Batch(offset=offset, size=size, **fields))
        if flaw is None:
            offset += size
    return Segment(
        path=path,
        table=name,
        batches=tuple(batches),
        intact=offset,
        size=len(data),
        flaw=flaw,
        version=version,
    )


def check_message(message: memoryview) -> tuple[int, dict[str, Any] | None]:
    """Check the seal of the first message in `message`.

    Returns its length, as far as it is readable, and its seal, None when it is not intact.
    """
    end = 8 + int.from_bytes(message[4:8], "little", signed=True)
    if end > len(message) or end < 8:
        return end, None
    head = bytes(message[:end])
    found = _SEAL.search(head)
    if found is None:
        return 0, None
    size = int(found[1])
    if not end <= size <= len(message):
        return size, None
    crc = zlib.crc32(head[: found.start(2)])
    crc = zlib.crc32(_BLANK, crc)
    crc = zlib.crc32(message[found.end(2) : size], crc)
    if crc != int(found[2], 16):
        return 0, None
    seal, _end = _DECODER.raw_decode(head[found.start() :].decode("utf-8", "replace"))
    return size, seal


def _check_header(path: Path, name: str, seal: dict[str, Any], oldest: int) -> None:
    check_version(path, seal["version"], oldest)
    if seal["table"] != name:
        raise RecordError(f"{path}: holds the table {seal['table']!r}, not {name!r}")


def stream_schema(path: Path) -> pa.Schema:
    """Read the columns that a segment's writer gave it, without the seal in their metadata."""
    with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as reader:
        return reader.schema.remove_metadata()


def load(segment: Segment, batches: Sequence[Batch], schema: pa.Schema | None = None) -> pa.Table:
    """Decode batches of a segment; `read_segment` has checked their seals."""
    schema = schema or arrow_schema(segment.table)
    with pa.memory_map(str(segment.path)) as file:
        decoded = []
        for batch in batches:
            message = pa.ipc.read_message(file.read_at(batch.size, batch.offset))
            decoded.append(pa.ipc.read_record_batch(message, schema))
    return pa.Table.from_batches(decoded, schema)
