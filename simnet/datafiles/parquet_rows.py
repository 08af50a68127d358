"""Rows of Parquet files, read a batch at a time."""

import math
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from simnet.datafiles.contents import Content
from simnet.datafiles.shapes import Reading, Row, Rows
from simnet.errors import InputError

ROWS_AT_ONCE = 4096


def parquet_rows(content: Content, reading: Reading) -> Rows:
    """Read a Parquet file. Raises InputError, naming the last row read, for a damaged one."""
    number = 0
    try:
        with content.stream() as stream:
            source = pa.BufferReader(stream.read()) if content.packing else content.path
            with pq.ParquetFile(source) as file:
                names = [n for n in file.schema_arrow.names if n.strip() not in reading.skipped]
                for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=names):
                    for fields in batch.to_pylist():
                        number += 1
                        plain = {name: _value(value) for name, value in fields.items()}
                        yield Row(f"row {number}", plain)
    except (pa.ArrowException, OSError, ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{content.path}: broken Parquet after row {number}: {error}") from None


def _value(value: Any) -> Any:
    """Return None for NaN, which stands for a missing number, and text for bytes of text."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    return value
