"""The file of a catalogue: columns, reading, atomic replacement, and a lock against writers."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simnet.disk import Disk, write_atomically
from simnet.errors import PersonaError

COLUMNS = ("id", "description", "attributes", "untold", "source", "format", "licence", "revision")
_LATER = ("revision",)
"""Columns that catalogues of older versions lack."""


def load_rows(path: Path) -> dict[str, list[Any]]:
    """Read the columns; they are empty if there is no file."""
    import pyarrow as pa  # noqa: PLC0415 - takes long to import
    import pyarrow.parquet as pq  # noqa: PLC0415

    if not path.exists():
        return {name: [] for name in COLUMNS}
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise PersonaError(f"{path} is broken ({error}); remove it and import again") from None
    for name in _LATER:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(table), pa.string()))
    if not table.schema.equals(_schema()):
        raise PersonaError(f"{path} is no catalogue of personas; load it as a file of personas")
    return {name: table[name].to_pylist() for name in COLUMNS}


def write_rows(path: Path, rows: dict[str, list[Any]]) -> None:
    """Replace the file atomically: a crash leaves the old one or the new one."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(rows, schema=_schema()), sink, compression="zstd")
    write_atomically(Disk(), path, memoryview(sink.getvalue()))


def _schema() -> Any:
    import pyarrow as pa  # noqa: PLC0415

    kinds = {"untold": pa.list_(pa.string())}
    return pa.schema([(name, kinds.get(name, pa.string())) for name in COLUMNS])


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Create the folder if needed, and lock it against other writing processes."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("w")
    except OSError as error:
        raise PersonaError(f"{folder} cannot be written: {error.strerror}") from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
