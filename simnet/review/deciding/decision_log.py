"""The file with the decisions of one annotator: append-only, synced before it is acknowledged.

It is an Arrow IPC stream whose messages are sealed as those of a run's segments are: each has its
length and a checksum. One append is one message. Every Arrow reader opens the file.

Each annotator has a file, so that two annotators never wait for each other. Two processes that
write for the same annotator take turns: an append locks the file, reads what the other wrote, and
cuts the torn end that a crash has left. A torn end was never acknowledged.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pyarrow as pa

from simnet.errors import RecordError
from simnet.foundation.disk import Disk, disk_errors, open_descriptor
from simnet.foundation.text import counted
from simnet.recording.files.segment import check_message, seal_batch, seal_schema
from simnet.review.deciding.decisions import Decision, History, decisions_of

SUFFIX = ".arrows"
VERSION = 1
_SCHEMA = pa.schema(
    [
        ("number", pa.int64()),
        ("time", pa.timestamp("us", tz="UTC")),
        ("annotator", pa.string()),
        ("record", pa.string()),
        ("action", pa.string()),
        ("answers", pa.string()),
        ("undoes", pa.int64()),
        ("origin", pa.string()),
    ]
)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def log_name(annotator: str) -> str:
    """Name the file of an annotator, whatever letters the name has."""
    return quote(annotator, safe=" @") + SUFFIX


def annotator_of(name: str) -> str:
    """Return the annotator whose file has this name."""
    return unquote(name.removesuffix(SUFFIX))


class DecisionLog:
    """Reads and appends the decisions of one annotator."""

    def __init__(self, folder: Path, annotator: str, disk: Disk | None = None) -> None:
        self.annotator = annotator
        self.path = folder / log_name(annotator)
        self.history = History()
        self._disk = disk or Disk()
        self._lock = threading.Lock()  # threads of one process share the history
        self._read = 0
        """Bytes of the file whose decisions are in the history."""

    def refresh(self) -> None:
        """Read the decisions that were appended since, by whatever process.

        Raises RecordError if the file is damaged, DiskError if it cannot be read.
        """
        with self._lock, disk_errors(f"reading {self.path}"):
            try:
                if self.path.stat().st_size == self._read:
                    return
                descriptor = open_descriptor(self.path, os.O_RDONLY)
            except FileNotFoundError:
                return
            try:
                self._take(descriptor)
            finally:
                os.close(descriptor)

    def append(self, make: Callable[[History], Sequence[Decision]]) -> list[Decision]:
        """Append the decisions that `make` returns, and return them once they are on the disk.

        `make` gets the history with everything that is in the file, while no other process can
        append; what it raises leaves the file as it is. Raises DiskError when the disk refuses;
        then none of the decisions is in the file.
        """
        with self._lock, disk_errors(f"writing {self.path}"), self._locked() as descriptor:
            self._take(descriptor)
            decisions = list(make(self.history))
            if not decisions:
                return []
            message = b"" if self._read else seal_schema(_SCHEMA, {"version": VERSION})
            rows = [decision.row() for decision in decisions]
            message += seal_batch(
                _SCHEMA, pa.RecordBatch.from_pylist(rows, _SCHEMA), {"rows": len(rows)}
            )
            os.ftruncate(descriptor, self._read)  # a torn end
            os.lseek(descriptor, self._read, os.SEEK_SET)
            try:
                self._disk.write(descriptor, message)
                self._disk.fsync(descriptor)
            except OSError:
                # The first error is the one to report; what stays was not acknowledged.
                with suppress(OSError):
                    os.ftruncate(descriptor, self._read)
                raise
            if not self._read:
                self._disk.sync_folder(self.path.parent)
            self._read += len(message)
            self.history.extend(decisions)
        return decisions

    @contextmanager
    def _locked(self) -> Iterator[int]:
        descriptor = open_descriptor(self.path, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not self._disk.links(descriptor):
                raise RecordError(f"{self.path}: was removed while a decision was written to it")
            yield descriptor
        finally:
            os.close(descriptor)

    def _take(self, descriptor: int) -> None:
        """Read the intact messages after those that are known."""
        size = os.fstat(descriptor).st_size
        if size < self._read:
            raise RecordError(
                f"{self.path}: decisions that were read before are gone; the file was cut or "
                "replaced; open the review again"
            )
        data = memoryview(_bytes(descriptor, self._read, size))
        offset = 0
        while offset < len(data):
            length = self._intact(data[offset:], self._read + offset)
            if length is None:
                break
            if self._read + offset:
                message = pa.ipc.read_message(pa.py_buffer(data[offset : offset + length]))
                batch = pa.ipc.read_record_batch(message, _SCHEMA)
                self.history.extend(decisions_of([_values(one) for one in batch.columns]))
            offset += length
        self._read += offset

    def _intact(self, data: memoryview, place: int) -> int | None:
        """Return the length of the first message of `data`; None if it is the torn end.

        Raises RecordError if it is damaged, or was written by a later version.
        """
        length, seal = check_message(data)
        if seal is None:
            if length > len(data) or not any(data):
                return None
            raise RecordError(
                f"{self.path}: damaged at byte {place}, after "
                f"{counted(len(self.history.decisions), 'decision')}; restore the file from a copy"
            )
        if place == 0 and seal.get("version") != VERSION:
            raise RecordError(
                f"{self.path}: is no file of decisions that this version of simnet reads"
            )
        return length


def _values(column: pa.Array) -> list[Any]:
    """Return the values of a column; times are made here, as pyarrow takes ten times as long."""
    if not pa.types.is_timestamp(column.type):
        return list(column.to_pylist())
    return [_EPOCH + timedelta(microseconds=one) for one in column.cast(pa.int64()).to_pylist()]


def _bytes(descriptor: int, start: int, end: int) -> bytes:
    os.lseek(descriptor, start, os.SEEK_SET)
    parts = []
    while start < end and (part := os.read(descriptor, end - start)):
        parts.append(part)
        start += len(part)
    return b"".join(parts)
