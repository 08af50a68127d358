"""Brings the record of a run up: new bytes of segments, new files, and last an index of all."""

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from simnet.recording.files.manifest import Manifest, model_names, read_manifest
from simnet.recording.mirror.captured_files import Captured, capture, read_range
from simnet.recording.mirror.mirror_index import (
    Index,
    MirroredFile,
    Piece,
    index_names,
    newest_index,
    write_index,
)
from simnet.recording.mirror.object_store import ObjectStore
from simnet.recording.mirror.piece_plan import next_range
from simnet.recording.mirror.same_record import check_goes_on, range_digest
from simnet.recording.mirror.writer_claims import check_claim, claim

DATA = "data"
_AT_ONCE = 8
"""Objects that go up at once."""


class Uploader:
    """Writes the mirror of one run directory; it is the only writer, or is told that it is not.

    `moved` is called, in any thread, with the bytes of each object that is there now.
    """

    def __init__(
        self,
        folder: Path,
        store: ObjectStore,
        *,
        moved: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._folder = folder
        self._store = store
        self._writer: str | None = None
        self._moved = moved
        self._number = 0
        self._known: dict[str, MirroredFile] = {}
        """What is there, by path."""
        self._objects: set[str] = set()
        """Objects of this run that are there, named by an index or not yet."""
        self._acknowledged: Index | None = None
        self._ready = False

    @property
    def acknowledged(self) -> Index | None:
        """The last index that this writer has acknowledged."""
        return self._acknowledged

    def has_all(self) -> bool:
        """Whether the mirror has all of the record already; needs no claim. Raises StoreError."""
        found = newest_index(self._store)
        if found is None:
            return False
        check_goes_on(self._folder, found.content)
        there = {one.path: one.bytes for one in found.content.files}
        return there == {one.path: one.size for one in capture(self._folder).files}

    def take_over(self) -> None:
        """Claim the mirror and learn what is there.

        Raises TakenOverError or RecordError if it is not that of this run directory, StoreError
        if the store fails; it may be called again then.
        """
        manifest = read_manifest(self._folder)
        if self._writer is None:
            self._writer = claim(self._store, manifest.id, manifest.created)
        found = newest_index(self._store)
        if found is not None:
            check_goes_on(self._folder, found.content)
            self._known = {one.path: one for one in found.content.files}
            self._objects |= found.content.objects
        self._ready = True

    def upload(self) -> Index:
        """Bring up what is durable now and acknowledge it. Raises as `take_over` does."""
        if not self._ready:
            self.take_over()
        assert self._writer is not None
        at = datetime.now(UTC)
        captured = capture(self._folder)
        with ThreadPoolExecutor(_AT_ONCE) as workers:
            files = tuple(workers.map(self._brought_up, captured.files))
        index = _index(captured.manifest, at, captured.ancestors, files)
        check_claim(self._store, self._writer)
        self._number += 1
        name = write_index(self._store, self._writer, self._number, index)
        check_claim(self._store, self._writer)
        self._acknowledged = index
        self._clean(index, name)
        self._known = {one.path: one for one in files}
        return index

    def _brought_up(self, captured: Captured) -> MirroredFile:
        pieces = known.pieces if (known := self._known.get(captured.path)) else ()
        if captured.content is not None:
            new = self._replaced(captured.path, captured.content, pieces)
        else:
            wanted = next_range([piece.bytes for piece in pieces], captured.size)
            new = None
            if wanted is not None:
                kept = tuple(one for one in pieces if one.offset < wanted.offset)
                new = (*kept, self._range(captured.path, *wanted))
            elif not pieces:
                new = self._replaced(captured.path, b"", pieces)
        if new is not None:
            self._known[captured.path] = MirroredFile(path=captured.path, pieces=new)
        return self._known[captured.path]

    def _replaced(
        self, path: str, content: bytes, pieces: tuple[Piece, ...]
    ) -> tuple[Piece, ...] | None:
        digest = hashlib.sha256(content).hexdigest()
        if [piece.sha256 for piece in pieces] == [digest]:
            return None
        return (self._put(path, 0, digest, [content], len(content)),)

    def _range(self, path: str, offset: int, size: int) -> Piece:
        file = self._folder / path
        digest = range_digest(file, offset, size)
        return self._put(path, offset, digest, read_range(file, offset, size), size)

    def _put(
        self, path: str, offset: int, digest: str, chunks: Iterable[bytes], size: int
    ) -> Piece:
        name = f"{DATA}/{self._writer}/{offset:012}-{digest[:16]}/{path}"
        self._store.write(name, chunks, size)
        self._objects.add(name)
        self._moved(size)
        return Piece(name=name, offset=offset, bytes=size, sha256=digest)

    def _clean(self, index: Index, name: str) -> None:
        """Remove objects of earlier indexes that this one does not need; nothing else.

        A later writer reads this index or a newer one, so it needs none of them either.
        """
        for one in sorted(self._objects - index.objects):
            self._store.remove(one)
            self._objects.discard(one)
        for one in index_names(self._store):
            if one < name:
                self._store.remove(one)


def _index(
    manifest: Manifest, at: datetime, ancestors: tuple[str, ...], files: tuple[MirroredFile, ...]
) -> Index:
    return Index(
        run=manifest.id,
        created=manifest.created,
        at=at,
        state=manifest.state.value,
        scenario=manifest.scenario.name if manifest.scenario else "",
        seed=manifest.seed,
        model=", ".join(model_names(manifest)),
        ancestors=ancestors,
        files=files,
    )
