"""Checks that a record is whole: its files, its keys, and what every run's rows have to obey."""

import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from simnet.errors import RecordError
from simnet.recording.checking import invariants
from simnet.recording.files import wal
from simnet.recording.files.manifest import State, read_manifest
from simnet.recording.files.sealed_files import SealedFile, path_inside
from simnet.recording.reading.lineage import lineage
from simnet.recording.reading.run import Run
from simnet.recording.schema import TABLES

_READ = 1 << 20


class Check(NamedTuple):
    """One thing that was looked at."""

    name: str
    problems: tuple[str, ...]
    """What does not hold; nothing if all is well."""


def verify(run: Run) -> Iterator[Check]:
    """Check the files of a run and of those it was forked from, then its rows.

    Yields each check as it is done. What a crash tore off is no problem of a run that was not
    completed: a resume mends it. Tables are read a slice at a time, those of a fork from its
    first ancestor on.
    """
    for name, check in _CHECKS.items():
        try:
            yield Check(name, tuple(check(run)))
        except RecordError as error:
            yield Check(name, (str(error),))


def _parts(run: Run) -> Iterator[str]:
    for one in _family(run):
        for part in chain.from_iterable(one.parts().tables.values()):
            try:
                yield from sealed_file_problems(path_inside(one.path, part.path), part)
            except (OSError, pa.ArrowException) as error:
                yield f"{path_inside(one.path, part.path)}: {error}"


def sealed_file_problems(path: Path, part: SealedFile) -> Iterator[str]:
    """Tell what is wrong with the file of a part. Raises OSError when it is not there."""
    crc, size = 0, path.stat().st_size
    with path.open("rb") as file:
        while block := file.read(_READ):
            crc = zlib.crc32(block, crc)
    if size != part.bytes:
        yield f"{path}: has {size} bytes, not {part.bytes}"
    elif f"{crc:08x}" != part.crc32:
        yield f"{path}: has the checksum {crc:08x}, not {part.crc32}"
    elif (rows := pq.ParquetFile(path).metadata.num_rows) != part.rows:
        yield f"{path}: has {rows} rows, not {part.rows}"


def _segments(run: Run) -> Iterator[str]:
    for one in _family(run):
        parts = one.parts()
        completed = one.manifest.state is State.COMPLETED
        for cut in parts.cuts:
            if cut.flaw == "damaged":
                place = one.path / cut.segment
                yield f"{place}: was damaged after {cut.intact} of {cut.size} bytes"
        for table in TABLES:
            names = [name for name in wal.segments_in(one.path, table) if name not in parts.merged]
            for segment in wal.read_segments(one.path, table, names):
                if segment.flaw == "damaged" or (segment.flaw and completed):
                    lost = f"after {segment.intact} of {segment.size} bytes"
                    yield f"{segment.path}: is {segment.flaw} {lost}"


def _family(run: Run) -> Iterator[Run]:
    """Yield a run and those whose files hold its past. Raises RecordError when one is missing."""
    yield run
    for folder, _ in lineage(run.path, run.manifest):
        yield Run(folder, read_manifest(folder))


_CHECKS: dict[str, Callable[[Run], Iterator[str]]] = {
    "sealed parts have their sizes and checksums": _parts,
    "segments are intact": _segments,
    "keys are unique": invariants.keys,
    "every turn has one outcome": invariants.outcomes,
    "time never runs backwards": invariants.time,
    "threads are trees": invariants.threads,
    "calls of a turn have no gap": invariants.calls,
    "the text of every prompt is there": invariants.prompts,
    "the ledger agrees with the events": invariants.ledger,
}
