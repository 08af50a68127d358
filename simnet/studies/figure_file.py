"""The file of the figures of one run: a row for each figure, and which measures succeeded."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from simnet.foundation.disk import Disk, disk_errors, write_atomically
from simnet.studies.measure import Figure

FIGURE_SCHEMA = pa.schema(
    [
        ("measure", pa.string()),
        ("group", pa.string()),
        ("time", pa.float64()),
        ("value", pa.float64()),
    ]
)


class Measured(NamedTuple):
    """Which measures were applied to a run."""

    names: frozenset[str]
    """Those that succeeded, with or without a figure."""
    failures: Mapping[str, str]
    """Those that failed, and why."""

    def lacks(self, measures: Iterable[str]) -> dict[str, str]:
        """Say which of some measures have not succeeded, and why."""
        return {
            name: self.failures.get(name, "it was not applied yet")
            for name in measures
            if name not in self.names
        }


NOTHING_MEASURED = Measured(frozenset(), {})


def write_figures(
    disk: Disk, path: Path, figures: Mapping[str, Sequence[Figure]], failures: Mapping[str, str]
) -> None:
    """Write the figures of a run, by the name of the measure. Raises DiskError."""
    rows = [
        {"measure": name, **figure._asdict()} for name, found in figures.items() for figure in found
    ]
    table = pa.Table.from_pylist(rows, schema=FIGURE_SCHEMA)
    metadata = {"measures": json.dumps(sorted(figures)), "failures": json.dumps(failures)}
    write_table(disk, path, table.replace_schema_metadata(metadata))


def read_measured(path: Path) -> Measured:
    """Read which measures were applied, from the file of a run's figures, if there is one."""
    if not path.is_file():
        return NOTHING_MEASURED
    metadata = pq.read_schema(path).metadata or {}
    names = frozenset(json.loads(metadata.get(b"measures", b"[]")))
    return Measured(names, json.loads(metadata.get(b"failures", b"{}")))


def write_table(disk: Disk, path: Path, table: pa.Table) -> None:
    """Write a table as Parquet, all of it or nothing. Raises DiskError."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    with disk_errors(f"writing {path}"):
        write_atomically(disk, path, memoryview(sink.getvalue()))
