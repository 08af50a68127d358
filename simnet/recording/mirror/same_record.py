"""Tells whether a run directory goes on from what a mirror holds, or is an older copy of it."""

import hashlib
from pathlib import Path

from simnet.errors import RecordError
from simnet.recording.files import parquet, wal
from simnet.recording.files.manifest import read_manifest
from simnet.recording.files.sealed_files import path_inside, read_sealed_files
from simnet.recording.mirror.captured_files import read_range
from simnet.recording.mirror.mirror_index import Index, MirroredFile
from simnet.recording.schema import TABLES


class OtherRecordError(RecordError):
    """A mirror holds what the run directory does not have, so it must not be written over."""


def check_goes_on(folder: Path, index: Index) -> None:
    """Raise OtherRecordError if the mirror has something that the record in `folder` has not.

    Rows that were in segments may be in sealed files by now.
    """
    manifest = read_manifest(folder)
    if (index.run, index.created) != (manifest.id, manifest.created):
        raise OtherRecordError(
            f"the mirror is that of the run {index.run} of {index.created:%Y-%m-%d %H:%M:%S}, not "
            f"of {folder}"
        )
    sealed = read_sealed_files(folder)
    names = [one.path.rpartition("/")[2] for files in sealed.tables.values() for one in files]
    latest = max((by for name in names if (by := parquet.sealed_by(name))), default=(0, 0))
    for one in index.files:
        top = one.path.partition("/")[0]
        if top == wal.WAL:
            name = one.path.rpartition("/")[2]
            gone = name in sealed.merged or wal.epoch_of(name) <= sealed.epoch
            _check(folder, one, may_be_gone=gone)
        elif top in TABLES:
            by = parquet.sealed_by(one.path.rpartition("/")[2])
            _check(folder, one, may_be_gone=by is not None and by <= latest)


def _check(folder: Path, mirrored: MirroredFile, *, may_be_gone: bool) -> None:
    path = path_inside(folder, mirrored.path)
    if not path.exists():
        if may_be_gone:
            return
        raise _lacks(folder, mirrored.path)
    if path.stat().st_size < mirrored.bytes:
        raise _lacks(folder, mirrored.path)
    for piece in mirrored.pieces:
        if range_digest(path, piece.offset, piece.bytes) != piece.sha256:
            raise _lacks(folder, mirrored.path)


def range_digest(path: Path, offset: int, size: int) -> str:
    """Return the SHA-256 of a range of a file. Raises RecordError if the file is shorter."""
    digest = hashlib.sha256()
    for chunk in read_range(path, offset, size):
        digest.update(chunk)
    return digest.hexdigest()


def _lacks(folder: Path, path: str) -> OtherRecordError:
    return OtherRecordError(
        f"the mirror holds more of {path} than {folder}, or something else: the folder is an older "
        "copy; resume the run from the mirror into another folder with --runs, or mirror this "
        "folder to another address"
    )
