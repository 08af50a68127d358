"""The records of a review as they are read: from memory, or from their file as they are needed."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from simnet.errors import RecordError
from simnet.review.records.record_table import ID, Record, column_names

_TOGETHER = 1_000
"""Rows that become records at once."""


class Records(Protocol):
    """Records in their order, with different ids."""

    @property
    def columns(self) -> list[str]:
        """The names of their fields."""

    @property
    def ids(self) -> list[str]:
        """Their ids."""

    def values(self, column: str) -> list[Any]:
        """List the values of a column."""

    def at(self, place: int) -> Record:
        """Return the record at a place, counted from 0."""

    def all(self) -> list[Record]:
        """List all records."""


class HeldRecords:
    """Records in memory."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = list(records)
        self.columns = column_names(record.fields for record in records[:1])

    @cached_property
    def ids(self) -> list[str]:
        """Their ids."""
        return [record.id for record in self._records]

    def values(self, column: str) -> list[Any]:
        """List the values of a column."""
        return [record.fields.get(column) for record in self._records]

    def at(self, place: int) -> Record:
        """Return the record at a place, counted from 0."""
        return self._records[place]

    def all(self) -> list[Record]:
        """List all records."""
        return self._records


class StoredRecords:
    """The records in the file of a review, of which only what is asked for is read.

    Methods raise RecordError if the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        """Read what the file is. Raises RecordError if it is broken or something else."""
        self._path = path
        with self._opened() as file:
            names = file.schema_arrow.names
            sizes = [
                file.metadata.row_group(one).num_rows for one in range(file.metadata.num_row_groups)
            ]
        if ID not in names:
            raise RecordError(
                f"{path}: there is no column {ID!r}, so these are no records of a review"
            )
        self.columns = [name for name in names if name != ID]
        self._starts = [0, *accumulate(sizes)]
        """The place of the first row of each row group, and the number of rows."""
        self._group: tuple[int, pa.Table] | None = None
        """The row group that was read last."""
        self._near: tuple[int, list[Record]] = (0, [])
        """The records that were made last, and the place of the first of them."""
        self._all: list[Record] | None = None

    @cached_property
    def ids(self) -> list[str]:
        """Their ids."""
        return self.values(ID)

    def values(self, column: str) -> list[Any]:
        """List the values of a column."""
        with self._opened() as file:
            return list(file.read([column]).column(column).to_pylist())

    def at(self, place: int) -> Record:
        """Return the record at a place, counted from 0."""
        if self._all is not None:
            return self._all[place]
        first, records = self._near
        if not first <= place < first + len(records):
            number = bisect_right(self._starts, place) - 1
            group, start = self._row_group(number), self._starts[number]
            skipped = (place - start) // _TOGETHER * _TOGETHER
            first, records = start + skipped, _records(group.slice(skipped, _TOGETHER))
            self._near = first, records
        return records[place - first]

    def all(self) -> list[Record]:
        """List all records."""
        if self._all is None:
            with self._opened() as file:
                self._all = _records(file.read())
            self._group = None
        return self._all

    def _row_group(self, number: int) -> pa.Table:
        if self._group is None or self._group[0] != number:
            with self._opened() as file:
                self._group = number, file.read_row_group(number)
        return self._group[1]

    @contextmanager
    def _opened(self) -> Iterator[pq.ParquetFile]:
        try:
            with pq.ParquetFile(self._path) as file:
                yield file
        except (pa.ArrowException, OSError) as error:
            raise RecordError(f"{self._path}: the records cannot be read: {error}") from None


def _records(table: pa.Table) -> list[Record]:
    return [Record(row.pop(ID), row) for row in table.to_pylist()]
