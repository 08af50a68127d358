"""Checks that a record is whole: its files, its keys, and what every run's rows have to obey."""

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from simnet.errors import RecordError
from simnet.recording import invariants, wal
from simnet.recording.manifest import State
from simnet.recording.parts import Part, path_inside
from simnet.recording.run_directory import Run
from simnet.recording.schema import TABLES

_READ = 1 << 20


class Check(NamedTuple):
    """One thing that was looked at."""

    name: str
    problems: tuple[str, ...]
    """What does not hold; nothing if all is well."""


def verify(run: Run) -> Iterator[Check]:
    """Check the files of a run, then its rows; yield each check as it is done.

    What a crash tore off is no problem of a run that was not completed: a resume mends it.
    Tables are read a slice at a time. Of a fork the rows are checked from its first ancestor
    on, and its own files.
    """
    yield Check("sealed parts have their sizes and checksums", tuple(_parts(run)))
    yield Check("segments are intact", tuple(_segments(run)))
    for name, check in _CHECKS.items():
        try:
            yield Check(name, tuple(check(run)))
        except RecordError as error:
            yield Check(name, (str(error),))


def _parts(run: Run) -> Iterator[str]:
    for parts in run.parts().tables.values():
        for part in parts:
            try:
                yield from part_problems(path_inside(run.path, part.path), part)
            except (OSError, pa.ArrowException) as error:
                yield f"{part.path}: {error}"


def part_problems(path: Path, part: Part) -> Iterator[str]:
    """Tell what is wrong with the file of a part. Raises OSError when it is not there."""
    crc = 0
    with path.open("rb") as file:
        while block := file.read(_READ):
            crc = zlib.crc32(block, crc)
    if path.stat().st_size != part.bytes:
        yield f"{part.path}: has {path.stat().st_size} bytes, not {part.bytes}"
    elif f"{crc:08x}" != part.crc32:
        yield f"{part.path}: has the checksum {crc:08x}, not {part.crc32}"
    elif (rows := pq.ParquetFile(path).metadata.num_rows) != part.rows:
        yield f"{part.path}: has {rows} rows, not {part.rows}"


def _segments(run: Run) -> Iterator[str]:
    completed = run.manifest.state is State.COMPLETED
    for cut in run.parts().cuts:
        if cut.flaw == "damaged":
            yield f"{cut.segment}: was damaged after {cut.intact} of {cut.size} bytes"
    for table in TABLES:
        names = [n for n in wal.segments_in(run.path, table) if n not in run.parts().merged]
        for segment in wal.read_segments(run.path, table, names):
            if segment.flaw == "damaged" or (segment.flaw and completed):
                lost = f"after {segment.intact} of {segment.size} bytes"
                yield f"{segment.path.name}: is {segment.flaw} {lost}"


_CHECKS: dict[str, Callable[[Run], Iterator[str]]] = {
    "keys are unique": invariants.keys,
    "every turn has one outcome": invariants.outcomes,
    "time never runs backwards": invariants.time,
    "threads are trees": invariants.threads,
    "calls of a turn have no gap": invariants.calls,
    "the text of every prompt is there": invariants.prompts,
    "the ledger agrees with the events": invariants.ledger,
}
