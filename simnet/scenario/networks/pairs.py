"""Pairs of handles from Parquet files."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from simnet.errors import InputError


def parquet_pairs(
    file: Path, headed: Callable[[Sequence[str]], tuple[int, int] | None]
) -> Iterator[tuple[str, str]]:
    """Read pairs of texts; `headed` finds their columns by the headings, else the first two.

    Raises InputError for a file that is not Parquet or does not hold two columns of texts.
    """
    try:
        reader = pq.ParquetFile(file)
        names = reader.schema_arrow.names
        columns = headed([name.casefold() for name in names]) or (0, 1)
        if len(names) < 2:
            raise InputError(f"{file}: it has {len(names)} columns; a pair needs two")
        chosen = [names[column] for column in columns]
        for batch in reader.iter_batches(columns=chosen):
            yield from zip(*(_texts(file, batch, name) for name in chosen), strict=True)
    except pa.ArrowException as error:
        raise InputError(f"{file}: it is not Parquet that can be read: {error}") from None


def _texts(file: Path, batch: pa.RecordBatch, name: str) -> list[str]:
    column = batch.column(batch.schema.get_field_index(name))
    if column.null_count:
        raise InputError(f"{file}: column {name!r} has rows without a handle")
    return [str(value) for value in column.cast(pa.string()).to_pylist()]
