"""Brings a mirrored record back: into a folder to go on with, or into a cache to read it."""

import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import BinaryIO

from filelock import FileLock
from platformdirs import user_cache_path
from pydantic import ValidationError

from simnet.errors import RecordError, UsageError
from simnet.foundation.disk import disk_errors
from simnet.recording.files.manifest import MANIFEST
from simnet.recording.files.sealed_files import path_inside
from simnet.recording.mirror.mirror_address import MirrorAddress, is_address
from simnet.recording.mirror.mirror_index import (
    FoundIndex,
    Index,
    MirroredFile,
    Piece,
    newest_index,
)
from simnet.recording.mirror.object_store import MissingObjectError, ObjectStore
from simnet.recording.mirror.writer_claims import FOLDER as CLAIMS
from simnet.recording.reading.folders import check_run_id, is_run_id, run_words

_WORKERS = 8
_TRIES = 5
_INDEX = "mirror-index.json"
"""The index of a copy in the cache, beside its files."""
_PARTIAL = ".{}.partial-{}"


def bring_back(address: MirrorAddress, root: Path) -> Path:
    """Make a run directory of a mirror in `root`, with those of its ancestors; return it.

    Nothing is written over. Raises UsageError if there is no such mirror or the folder is there,
    RecordError if the mirror is damaged or cannot be read.
    """
    check_run_id(address.name)
    store = ObjectStore.at(address.parent)
    if os.path.lexists(root / address.name):
        raise UsageError(
            f"{root / address.name} is there already; go on with it: simnet resume "
            f"{run_words(root / address.name)}, or bring the mirror back to another folder with "
            "--runs"
        )
    index = _found(store, address).content
    for ancestor in index.ancestors:
        if not os.path.lexists(root / check_run_id(ancestor)):
            _into(store.below(ancestor), root / ancestor)
    _into(store.below(address.name), root / address.name)
    return root / address.name


def cached(address: MirrorAddress) -> Path:
    """Return a run directory to read, in the user's cache, that is as new as the mirror.

    Only what has changed is read from the store. Raises as `bring_back` does.
    """
    check_run_id(address.name)
    key = hashlib.sha256(address.parent.url.encode()).hexdigest()[:16]
    root = cache() / key
    store = ObjectStore.at(address.parent)
    index = _found(store, address).content
    with disk_errors(f"writing to {root}"):
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / ".lock"):
            for run in (*index.ancestors, address.name):
                _refresh(store.below(check_run_id(run)), root / run)
    return root / address.name


def readable(run: str | Path) -> str | Path:
    """Return a run as it was given, but for the address of a mirror a copy of it to read."""
    return cached(MirrorAddress.read(str(run))) if is_address(run) else run


def cache() -> Path:
    """Return the folder of the copies that are made to read mirrors; it can be removed."""
    return user_cache_path("simnet") / "mirrors"


def check_no_copy(folder: Path) -> None:
    """Raise UsageError for a copy in the cache, in which nothing must be written."""
    if folder.resolve().is_relative_to(cache().resolve()):
        raise UsageError(
            f"{folder} is a copy of a mirror, made to read it; bring the run back to a folder "
            "first: simnet mirror pull ADDRESS --runs DIR"
        )


def mirrored_runs(address: MirrorAddress) -> list[tuple[str, Index | None]]:
    """List the runs that are mirrored below an address, each with its newest index.

    The index is None where there is none yet. Raises RecordError if the store cannot be read.
    """
    store = ObjectStore.at(address)
    found: list[tuple[str, Index | None]] = []
    for name in store.folders():
        if is_run_id(name):
            below = store.below(name)
            newest = newest_index(below)
            if newest is not None or below.objects_in(CLAIMS):
                found.append((name, newest.content if newest else None))
    return found


def _found(store: ObjectStore, address: MirrorAddress) -> FoundIndex:
    newest = newest_index(store.below(address.name))
    if newest is None:
        raise UsageError(
            f"there is no mirror of a run at {address}; list those there are with: simnet ls "
            f"{quote(str(address.parent))}"
        )
    return newest


def _refresh(store: ObjectStore, folder: Path) -> None:
    newest = newest_index(store)
    old = _index_of(folder)
    if newest is not None and old == newest.content:
        return
    fresh = folder.with_name(_PARTIAL.format(folder.name, "new"))
    shutil.rmtree(fresh, ignore_errors=True)
    _into(store, fresh, (folder, old) if old else None, keep_index=True)
    if folder.exists():
        gone = folder.with_name(_PARTIAL.format(folder.name, "old"))
        shutil.rmtree(gone, ignore_errors=True)
        folder.rename(gone)
        fresh.rename(folder)
        shutil.rmtree(gone, ignore_errors=True)
    else:
        fresh.rename(folder)


def _index_of(folder: Path) -> Index | None:
    with suppress(OSError, ValidationError):
        return Index.model_validate_json((folder / _INDEX).read_bytes())
    return None


def _into(
    store: ObjectStore,
    target: Path,
    reuse: tuple[Path, Index] | None = None,
    *,
    keep_index: bool = False,
) -> None:
    """Make the folder of the newest index at once: it is there whole or not at all."""
    partial = target.with_name(_PARTIAL.format(target.name, os.getpid()))
    for left in reversed(range(_TRIES)):
        newest = newest_index(store)
        if newest is None:
            raise UsageError(f"there is no mirror of the run {target.name}, which this one needs")
        try:
            with disk_errors(f"bringing a mirror back to {target}"):
                partial.mkdir(parents=True)
                _fill(store, partial, newest.content, reuse)
                if keep_index:
                    (partial / _INDEX).write_text(newest.content.model_dump_json(), "utf-8")
                partial.rename(target)
        except MissingObjectError as error:
            if not left or newest_index(store) == newest:
                raise RecordError(f"the mirror is damaged: {error}") from error
        else:
            return
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _fill(store: ObjectStore, folder: Path, index: Index, reuse: tuple[Path, Index] | None) -> None:
    """Write all files of an index, or link those that another folder has already."""

    def write(one: MirroredFile) -> None:
        path = path_inside(folder, one.path)
        if one.path == _INDEX:
            raise RecordError(f"{one.path}: no file of a run has this name")
        path.parent.mkdir(parents=True, exist_ok=True)
        if reuse is not None and _same(reuse[1].file(one.path), one):
            path.hardlink_to(path_inside(reuse[0], one.path))
            return
        with path.open("xb") as file:
            for piece in one.pieces:
                _copy(store, piece, file)
            file.flush()
            os.fsync(file.fileno())

    with ThreadPoolExecutor(_WORKERS) as workers:
        list(workers.map(write, index.files))
    if not (folder / MANIFEST).is_file():
        raise RecordError(f"the mirror of {index.run} has no {MANIFEST}")


def _same(old: MirroredFile | None, new: MirroredFile) -> bool:
    return old is not None and [one.sha256 for one in old.pieces] == [
        one.sha256 for one in new.pieces
    ]


def _copy(store: ObjectStore, piece: Piece, file: BinaryIO) -> None:
    digest, size = hashlib.sha256(), 0
    for chunk in store.chunks(piece.name):
        digest.update(chunk)
        size += len(chunk)
        file.write(chunk)
    if (size, digest.hexdigest()) != (piece.bytes, piece.sha256):
        raise RecordError(
            f"the mirror is damaged: {piece.name} is not what its index says, by "
            f"{size:,} of {piece.bytes:,} bytes and their checksum"
        )
