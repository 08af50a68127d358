"""Checks the files of a record, its keys, and the invariants of its rows."""

import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from simnet.errors import RecordError
from simnet.foundation.text import counted
from simnet.recording.checking import invariants
from simnet.recording.files import wal
from simnet.recording.files.manifest import State, read_manifest
from simnet.recording.files.sealed_files import SealedFile, file_inside
from simnet.recording.reading.lineage import lineage
from simnet.recording.reading.run import Run
from simnet.recording.schema import TABLES

_BLOCK_BYTES = 1 << 20


class Check(NamedTuple):
    """The result of one check."""

    name: str
    problems: tuple[str, ...]
    """What is wrong; empty if all is well, and if the check was not done."""
    not_done: str | None = None
    """Why the check was not done; None if it was."""


def verify(run: Run) -> Iterator[Check]:
    """Check the files of a run and of its ancestors, then its rows; yield each check.

    The torn end of a segment is no problem of a run that is not completed, because a resume
    writes its rows again. Tables are read a slice at a time.
    """
    for name, check in _CHECKS.items():
        try:
            yield Check(name, tuple(check(run)))
        except RecordError as error:
            yield Check(name, (str(error),))


def _sealed_files(run: Run) -> Iterator[str]:
    for owner in _family(run):
        for sealed in chain.from_iterable(owner.sealed_files().tables.values()):
            try:
                yield from sealed_file_problems(file_inside(owner.path, sealed.path), sealed)
            except (OSError, pa.ArrowException) as error:
                yield f"{owner.path / sealed.path}: {error}"


def sealed_file_problems(path: Path, sealed: SealedFile) -> Iterator[str]:
    """Yield what is wrong with a sealed file. Raises OSError when it is missing."""
    crc, size = 0, path.stat().st_size
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            crc = zlib.crc32(block, crc)
    if size != sealed.bytes:
        yield f"{path}: has {size} bytes, not {sealed.bytes}"
    elif f"{crc:08x}" != sealed.crc32:
        yield f"{path}: has the checksum {crc:08x}, not {sealed.crc32}"
    elif (rows := pq.ParquetFile(path).metadata.num_rows) != sealed.rows:
        yield f"{path}: has {counted(rows, 'row')}, not {sealed.rows}"


def _segments(run: Run) -> Iterator[str]:
    for owner in _family(run):
        files = owner.sealed_files()
        completed = owner.manifest.state is State.COMPLETED
        for cut in files.cuts:
            if cut.flaw == "damaged":
                path = owner.path / cut.segment
                yield f"{path}: was damaged after {cut.intact} of {cut.size} bytes"
        for table in TABLES:
            names = [
                name for name in wal.segments_in(owner.path, table) if name not in files.merged
            ]
            for segment in wal.read_segments(owner.path, table, names):
                if segment.flaw == "damaged" or (segment.flaw and completed):
                    lost = f"after {segment.intact} of {segment.size} bytes"
                    yield f"{segment.path}: is {segment.flaw} {lost}"


def _family(run: Run) -> Iterator[Run]:
    """Yield a run and its ancestors. Raises RecordError when one is missing."""
    yield run
    for folder, _ in lineage(run.path, run.manifest):
        yield Run(folder, read_manifest(folder))


_CHECKS: dict[str, Callable[[Run], Iterator[str]]] = {
    "sealed files have their sizes and checksums": _sealed_files,
    "segments are intact": _segments,
    "keys are unique": invariants.keys,
    "every turn has one outcome": invariants.outcomes,
    "time never runs backwards": invariants.time,
    "threads are trees": invariants.threads,
    "calls of a turn have no gap": invariants.calls,
    "the text of every prompt is there": invariants.prompts,
    "the ledger agrees with the events": invariants.ledger,
}
