"""The file of the figures of one run: a row for each figure, and which measures succeeded."""

import json
from collections.abc import Mapping, Sequence
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


UNKNOWN = ""
"""The digest of code of which none was written down."""


class Measured(NamedTuple):
    """Which measures were applied to a run."""

    code: Mapping[str, str]
    """The digest of the code of those that succeeded, with or without a figure."""
    failures: Mapping[str, str]
    """Those that failed, and why."""

    def lacks(self, code: Mapping[str, str]) -> dict[str, str]:
        """Say which of some measures, given with their code, have not succeeded, and why."""
        lacking = {}
        for name, digest in code.items():
            if name not in self.code:
                lacking[name] = self.failures.get(name, "it was not applied yet")
            elif UNKNOWN not in {digest, self.code[name]} and digest != self.code[name]:
                lacking[name] = "it was applied before its code was changed"
        return lacking


def write_figures(
    disk: Disk,
    path: Path,
    figures: Mapping[str, Sequence[Figure]],
    measured: Measured,
) -> None:
    """Write the figures of a run, by the name of the measure. Raises DiskError."""
    rows = [
        {"measure": name, **figure._asdict()} for name, found in figures.items() for figure in found
    ]
    table = pa.Table.from_pylist(rows, schema=FIGURE_SCHEMA)
    metadata = {
        "measures": json.dumps(sorted(figures)),
        "code": json.dumps(dict(measured.code)),
        "failures": json.dumps(dict(measured.failures)),
    }
    write_table(disk, path, table.replace_schema_metadata(metadata))


def read_measured(path: Path) -> Measured:
    """Read which measures were applied, from the file of a run's figures, if there is one."""
    if not path.is_file():
        return Measured({}, {})
    metadata = pq.read_schema(path).metadata or {}
    names = json.loads(metadata.get(b"measures", b"[]"))
    code = json.loads(metadata.get(b"code", b"{}"))
    failures = json.loads(metadata.get(b"failures", b"{}"))
    return Measured({name: code.get(name, UNKNOWN) for name in names}, failures)


def write_table(disk: Disk, path: Path, table: pa.Table) -> None:
    """Write a table as Parquet, all of it or nothing. Raises DiskError."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    with disk_errors(f"writing {path}"):
        write_atomically(disk, path, memoryview(sink.getvalue()))
