"""Writes chosen personas to files that `load_personas` reads."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from simnet.foundation.disk import Disk, disk_errors, write_atomically
from simnet.personas.catalogue.columns import BASE, STORED
from simnet.personas.catalogue.entries import Entry


def write_entries(path: Path, entries: Sequence[Entry]) -> None:
    """Write personas with their sources, in the form of the ending; the file appears at once.

    Raises DiskError when the disk refuses.
    """
    rows = [_row(entry) for entry in entries]
    data = _parquet(rows) if path.suffix.lower() == ".parquet" else _lines(rows)
    disk = Disk()
    with disk_errors(f"writing {path}"):
        disk.make_folder(path.absolute().parent)
        write_atomically(disk, path.absolute(), data)


def _row(entry: Entry) -> dict[str, Any]:
    persona, source = entry
    return {
        **persona.model_dump(mode="json", exclude={"source"}),
        "source": source.file,
        "format": source.format,
        "licence": source.licence,
        "revision": source.revision,
    }


def _lines(rows: Sequence[dict[str, Any]]) -> memoryview:
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return memoryview("".join(lines).encode())


def _parquet(rows: Sequence[dict[str, Any]]) -> memoryview:
    schema = pa.schema([BASE.field(name) for name in STORED])
    written = (row | {"attributes": json.dumps(row["attributes"])} for row in rows)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(list(written), schema), sink, compression="zstd")
    return memoryview(sink.getvalue())
