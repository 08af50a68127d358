"""Finds what a record lacks, by its lists and the sizes of its files."""

from collections.abc import Iterator
from pathlib import Path

from simnet.errors import RecordError
from simnet.foundation.text import counted
from simnet.recording.files import parquet, wal
from simnet.recording.files.manifest import Manifest, read_manifest
from simnet.recording.files.sealed_files import SealedFiles, file_inside, read_sealed_files
from simnet.recording.reading.lineage import lineage
from simnet.recording.schema import TABLES


def missing_parts(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Yield what the record of a run and those of its ancestors lack; nothing if all is there.

    That a run stopped before its end is no lack. Reads no rows.
    """
    try:
        yield from _own_missing_parts(folder, manifest)
        for ancestor, _ in lineage(folder, manifest):
            for lack in _own_missing_parts(ancestor, read_manifest(ancestor)):
                yield f"{ancestor.name}: {lack}"
    except RecordError as error:
        yield str(error)


def _own_missing_parts(folder: Path, manifest: Manifest) -> Iterator[str]:
    files = read_sealed_files(folder)
    if not files.epoch and (manifest.rows or _was_sealed(folder)):
        yield "the list of its sealed files, tables-*.json, is missing"
        return
    for name, rows in manifest.rows.items():
        if (listed := files.rows(name)) < rows:
            yield f"{rows - listed:,} of {counted(rows, 'row')} of {name} are missing"
    yield from _missing_files(folder, files)
    for cut in files.cuts:
        if cut.flaw == "damaged":
            yield f"{cut.segment} was damaged after {cut.intact:,} of {cut.size:,} bytes"


def _was_sealed(folder: Path) -> bool:
    """Whether there are sealed files and no segment, so that there must have been a list."""
    if any(wal.segments_in(folder, name) for name in TABLES):
        return False
    paths = (path for name in TABLES for path in (folder / name).glob("part-*.parquet"))
    return any(parquet.sealed_by(path.name) for path in paths)


def _missing_files(folder: Path, files: SealedFiles) -> Iterator[str]:
    for listed in files.tables.values():
        for sealed in listed:
            path = file_inside(folder, sealed.path)
            if not path.exists():
                yield f"{sealed.path} with {counted(sealed.rows, 'row')} is missing"
            elif (size := path.stat().st_size) != sealed.bytes:
                yield f"{sealed.path} has {size:,} bytes, not {sealed.bytes:,}"
