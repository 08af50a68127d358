"""The recorder: rows that it has acknowledged survive any crash, once and in order.

`append` keeps encoded batches in memory. `commit` writes them to write-ahead segments in `wal/`,
one batch for each table, and returns after `fsync`; only then may anything depend on the rows.
`seal` merges the segments, and sealed files that overlap them in time, into new Parquet files. It
puts a list of these in place and then removes what the list does not need.

After a write or an fsync that failed, nothing more is written to that segment, because a failed
fsync does not say which pages are on the disk. The rows stay in memory and the next commit
writes them to a new segment; if they are on the disk twice, readers drop repeated keys. A
recorder that was superseded, because it was taken for dead, finds the mark of a later epoch in
`wal/` and raises an error instead of acknowledging rows. What it was writing meanwhile goes to
segments that have been replaced by copies.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from shlex import quote
from types import TracebackType
from typing import NamedTuple, Self

import pyarrow as pa

from simnet.errors import RecordError, SupersededError
from simnet.foundation.disk import Disk, check_folder, disk_errors
from simnet.foundation.text import counted
from simnet.recording.files.sealed_files import SealedFile, SealedFiles
from simnet.recording.files.segment import batch_message, schema_message
from simnet.recording.files.wal import WAL, epoch_mark, epochs_in, freeze_segments, segment_name
from simnet.recording.schema import PROMPT_TEXTS, TABLES, arrow_schema, row_schema
from simnet.recording.writing.prompt_texts import PromptTextExtractor
from simnet.recording.writing.sealing import seal_run

COMMIT_ORDER = ("personas", "network", PROMPT_TEXTS, "calls", *(name for name in TABLES))
"""Tables in the order in which a commit writes them; one may be named twice."""
_ROWS_PER_BATCH = 64 << 10


class Sealed(NamedTuple):
    """The sealed files of a run directory after a seal."""

    files: dict[str, tuple[SealedFile, ...]]
    rows: dict[str, int]
    repeats: dict[str, int]
    """Rows dropped because of a repeated key."""


class RecorderStatistics(NamedTuple):
    """Counts of a recorder: rows that wait in memory, and rows committed."""

    epoch: int
    waiting_rows: int
    waiting_bytes: int
    committed_rows: int
    committed_bytes: int
    commits: int
    segments: int


class _OpenSegment(NamedTuple):
    name: str
    descriptor: int


class _Written(NamedTuple):
    """What was committed to a segment."""

    table: str
    rows: int


class Recorder:
    """Writes the record of one run directory. Methods block; use it in one thread.

    A segment of `rotate_bytes` bytes is finished and the next one begun. Recorders of epochs
    lower than `epoch` cannot write any more; None takes the next epoch. Raises SupersededError
    when the epoch is taken.
    """

    def __init__(
        self,
        folder: Path,
        *,
        rotate_bytes: int = 64 << 20,
        epoch: int | None = None,
        disk: Disk | None = None,
    ) -> None:
        self._folder = folder
        self._disk = disk or Disk()
        self._rotate_bytes = rotate_bytes
        self._extractor = PromptTextExtractor()
        self._waiting: dict[str, list[pa.RecordBatch]] = {}
        self._open: dict[str, _OpenSegment] = {}
        self._sizes: dict[str, int] = {}
        self._rows: dict[str, int] = {}
        self._segments = 0
        self._written: dict[str, _Written] = {}
        """What was committed and is not sealed yet, by segment."""
        self._seals = 0
        self._committed_rows = 0
        self._committed_bytes = 0
        self._commits = 0
        if not folder.is_dir():
            raise _gone(folder)  # and is not made again, without what was recorded
        with disk_errors(f"opening the record in {folder}"):
            check_folder(folder / WAL)
            self._disk.make_folder(folder / WAL)
            self.epoch = self._take_epoch(epoch)

    def append(self, table: str, batch: bytes) -> None:
        """Take rows of a table, encoded by `encode`; they are durable after `commit`.

        Raises RecordError for bytes that are not encoded rows of the table.
        """
        schema = row_schema(table)
        try:
            with pa.ipc.open_stream(pa.py_buffer(batch)) as reader:
                if not reader.schema.equals(schema):
                    raise RecordError(f"{table}: the batch has other columns than the table")
                batches = [rows for rows in reader if rows.num_rows]
        except (pa.ArrowException, OSError) as error:
            raise RecordError(f"{table}: not an encoded batch: {error}") from error
        for whole in batches:
            for name, rows in self._extractor.split(table, whole):
                self._waiting.setdefault(name, []).append(rows)

    def commit(self) -> None:
        """Write all rows that were appended, and return when they are on the disk.

        Prompt texts are written before the calls that name them, and calls before the events
        that follow from them. Raises DiskError (DiskFullError) when the disk refuses; the rows
        stay in memory and the next commit writes them to a new segment. Raises SupersededError
        when a later epoch has taken over.
        """
        with disk_errors(f"committing to {self._folder}"):
            self._check_epoch()
            for table in COMMIT_ORDER:
                if table in self._waiting:
                    self._write(table)
            self._check_epoch()
        self._commits += 1

    def seal(self) -> Sealed:
        """Commit, then merge all segments into Parquet files, sorted and without repeats.

        Raises as `commit` does; the segments are then still in place, and `seal` can be called
        again. Rows may be appended afterwards. Raises RecordError, after the rest was sealed, if
        rows that were committed are not in the segments any more.
        """
        self.commit()
        self._seals += 1
        with disk_errors(f"sealing {self._folder}"):
            self._close_segments()
            files, merged = seal_run(
                self._disk, self._folder, self.epoch, self._seals, fence=self._check_epoch
            )
        self._check_merged(merged)
        return _sealed(files)

    def _check_merged(self, merged: Mapping[str, int | None]) -> None:
        """Compare the rows of each segment that were merged with those that were committed."""
        written, self._written = self._written, {}
        lost: Counter[str] = Counter()
        for name, segment in written.items():
            found = merged.get(name, 0)
            if found is not None:
                lost[segment.table] += max(0, segment.rows - found)
        if told := [
            f"{counted(count, 'row')} of {table}" for table, count in lost.items() if count
        ]:
            raise _lost(self._folder, ", ".join(told))

    def statistics(self) -> RecorderStatistics:
        """Count the rows that wait in memory and those that were committed."""
        batches = [batch for waiting in self._waiting.values() for batch in waiting]
        return RecorderStatistics(
            epoch=self.epoch,
            waiting_rows=sum(batch.num_rows for batch in batches),
            waiting_bytes=sum(batch.nbytes for batch in batches),
            committed_rows=self._committed_rows,
            committed_bytes=self._committed_bytes,
            commits=self._commits,
            segments=self._segments,
        )

    def close(self) -> None:
        """Close the files. Rows that were not committed are lost; idempotent."""
        self._waiting.clear()
        while self._open:
            with suppress(OSError):  # it is none of the rows that were committed
                self._close_segments()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.commit()
        self.close()

    def _take_epoch(self, epoch: int | None) -> int:
        last = max(epochs_in(self._folder, self._disk), default=0)
        taken = last + 1 if epoch is None else epoch
        over = SupersededError(f"{self._folder}: another recorder has taken epoch {taken}")
        if taken <= last:
            raise over
        try:
            self._disk.close(self._disk.create(self._folder / WAL / epoch_mark(taken)))
        except FileExistsError:
            raise over from None
        self._disk.sync_folder(self._folder / WAL)
        freeze_segments(self._folder, self._disk)
        return taken

    def _check_epoch(self) -> None:
        last = max(epochs_in(self._folder, self._disk), default=0)
        if last < self.epoch:
            raise _gone(self._folder)
        if last != self.epoch:
            raise SupersededError(
                f"{self._folder}: a recorder of epoch {last} has taken over from epoch "
                f"{self.epoch}; rows that this one has not acknowledged are not recorded"
            )

    def _write(self, table: str) -> None:
        try:
            segment = self._open.get(table) or self._open_segment(table)
            size = 0
            for batch in _joined(table, self._waiting[table]):
                message = batch_message(table, batch, self._rows[table])
                self._disk.write(segment.descriptor, message)
                self._rows[table] += batch.num_rows
                size += len(message)
            self._disk.fsync(segment.descriptor)
        except OSError:
            self._close_segment(table)
            raise
        if not self._disk.links(segment.descriptor):
            self._check_epoch()
            raise _lost(self._folder, f"{counted(self._rows[table], 'row')} of {table}")
        self._written[segment.name] = _Written(table, self._rows[table])
        self._committed_rows += sum(batch.num_rows for batch in self._waiting.pop(table))
        self._committed_bytes += size
        self._sizes[table] += size
        if self._sizes[table] >= self._rotate_bytes:
            self._close_segment(table)

    def _open_segment(self, table: str) -> _OpenSegment:
        name = segment_name(table, self.epoch, self._segments)
        self._segments += 1
        path = self._folder / WAL / name
        segment = _OpenSegment(name, self._disk.create(path))
        self._open[table] = segment
        self._sizes[table] = self._rows[table] = 0
        # A recorder that takes over makes its mark, then lists segments and freezes them. So either
        # this one was in its list, or its mark is seen here and no row comes into this one.
        self._check_epoch()
        self._disk.write(segment.descriptor, schema_message(table))
        self._disk.sync_folder(path.parent)
        return segment

    def _close_segment(self, table: str) -> None:
        if segment := self._open.pop(table, None):
            self._disk.close(segment.descriptor)

    def _close_segments(self) -> None:
        for table in list(self._open):
            self._close_segment(table)


def _gone(folder: Path) -> RecordError:
    return RecordError(
        f"{folder}: the run directory is not there, or not whole: it was moved or removed while "
        "the run wrote to it; put it back, or resume it where it is now with: simnet resume PATH"
    )


def _lost(folder: Path, rows: str) -> RecordError:
    return RecordError(
        f"{folder}: {rows} were recorded and are not there any more: a file in {WAL}/ was removed "
        f"or cut while the run went on; make them again with: simnet resume {quote(str(folder))}"
    )


def _joined(table: str, batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    joined = pa.Table.from_batches(batches, arrow_schema(table)).combine_chunks()
    yield from joined.to_batches(max_chunksize=_ROWS_PER_BATCH)


def _sealed(files: SealedFiles) -> Sealed:
    tables = {name: tuple(listed) for name, listed in files.tables.items()}
    return Sealed(tables, {name: files.rows(name) for name in tables}, dict(files.repeats))
