"""The index of a mirror: which files of a run are there, and in which objects.

An index is an object of its own, written after all objects that it names; its name has the writer,
a number that rises, and a checksum of its content, so a part of one is never taken for a whole
one. The newest of the highest writer counts.
"""

import hashlib
import re
from datetime import datetime
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from simnet.errors import RecordError
from simnet.recording.mirror.object_store import MissingObjectError, ObjectStore, StoreError

FOLDER = "index"
VERSION = 1
_TRIES = 5
_NAME = re.compile(FOLDER + r"/(\d{6}-[0-9a-f]{8})-(\d{9})-([0-9a-f]{16})\.json")


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Piece(_Facts):
    """A range of a file, in an object of its own that never changes."""

    name: str
    """Of the object, below the prefix of the run."""
    offset: int
    bytes: int
    sha256: str

    @property
    def end(self) -> int:
        """Where the range ends."""
        return self.offset + self.bytes


class MirroredFile(_Facts):
    """A file of the run directory; of a segment that still grows, its beginning."""

    path: str
    pieces: tuple[Piece, ...]

    @property
    def bytes(self) -> int:
        """How much of the file is there."""
        return self.pieces[-1].end if self.pieces else 0

    @model_validator(mode="after")
    def _without_gaps(self) -> Self:
        reached = 0
        for piece in self.pieces:
            if piece.offset != reached or piece.bytes < 0:
                raise ValueError(f"{self.path}: its pieces leave a gap or overlap")
            reached = piece.end
        return self


class Index(_Facts):
    """What a mirror holds of a run at one moment."""

    version: int = VERSION
    run: str
    created: datetime
    """When the run was made; a run of the same id made at another time is another run."""
    at: datetime
    """When the files were looked at: all that was acknowledged by then is there."""
    state: str
    """That of the run, from its manifest."""
    scenario: str = ""
    seed: int | None = None
    model: str = ""
    ancestors: tuple[str, ...] = ()
    """Runs that it was forked from; each has a mirror beside this one."""
    files: tuple[MirroredFile, ...] = ()

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(one.bytes for one in self.files)

    @property
    def objects(self) -> set[str]:
        """The names of all objects that it needs."""
        return {piece.name for one in self.files for piece in one.pieces}

    def file(self, path: str) -> MirroredFile | None:
        """Return a file by its path; None if it is not there."""
        return next((one for one in self.files if one.path == path), None)


class FoundIndex(NamedTuple):
    """An index with what its name says."""

    name: str
    writer: str
    number: int
    content: Index


def write_index(store: ObjectStore, writer: str, number: int, index: Index) -> str:
    """Write an index and return its name."""
    content = index.model_dump_json().encode()
    name = f"{FOLDER}/{writer}-{number:09}-{_digest(content)}.json"
    store.write(name, [content], len(content))
    return name


def index_names(store: ObjectStore) -> list[str]:
    """Name the indexes that are there, the newest of the highest writer last."""
    return [one.name for one in store.objects_in(FOLDER) if _NAME.fullmatch(one.name)]


def newest_index(store: ObjectStore) -> FoundIndex | None:
    """Read the newest index that is whole; None if there is none.

    Raises RecordError for one that is whole and no index, StoreError if the store fails.
    """
    for _ in range(_TRIES):
        names = index_names(store)
        for name in reversed(names):
            try:
                content = store.read(name)
            except MissingObjectError:
                break  # a newer one has taken its place since
            writer, number, digest = _parts(name)
            if _digest(content) == digest:
                return FoundIndex(name, writer, number, _parsed(name, content))
        else:
            return None
    raise StoreError("the indexes of the mirror change faster than they can be read")


def _parts(name: str) -> tuple[str, int, str]:
    found = _NAME.fullmatch(name)
    assert found is not None
    return found[1], int(found[2]), found[3]


def _parsed(name: str, content: bytes) -> Index:
    try:
        index = Index.model_validate_json(content)
    except ValidationError as error:
        where = error.errors()[0]
        raise RecordError(
            f"{name}: no index of a mirror: {where['loc']}: {where['msg']}"
        ) from error
    if index.version != VERSION:
        raise RecordError(f"{name}: version {index.version}; this simnet reads {VERSION}")
    return index


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
