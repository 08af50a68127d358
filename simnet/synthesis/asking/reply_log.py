"""The replies of a job, by what was asked: Arrow files in its work folder.

A reply is appended and synced to the disk before it counts. Replies that arrive while the disk is
busy are appended together. Each start of a job writes a file of its own, an Arrow IPC stream, so a
file whose end was torn by a crash is read up to there and never written again. A reply whose
checksum does not fit is taken for none.
"""

import asyncio
import fcntl
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple, Self

import pyarrow as pa

from simnet.errors import UsageError
from simnet.foundation.disk import Disk, disk_errors
from simnet.inference.model import Completion, Prompt

SUFFIX = ".arrows"
_LOCK = ".lock"
_BATCHES_KEPT = 64
"""Batches of earlier replies that are kept in memory after reading."""


class Facts(NamedTuple):
    """What a prompt is about, for people who read the file; the reply does not depend on it."""

    task: str
    source: str
    """Hash of the text, or id of the persona, that the prompt was made of."""
    hop: int | None = None
    relation: str | None = None


_KEY = pa.field("key", pa.binary(16), nullable=False)
_SCHEMA = pa.schema(
    [
        _KEY,
        ("task", pa.string()),
        ("source", pa.string()),
        ("hop", pa.int32()),
        ("relation", pa.string()),
        ("model", pa.string()),
        ("seed", pa.int64()),
        ("text", pa.string()),
        ("finish", pa.string()),
        ("prompt_tokens", pa.int64()),
        ("cached_tokens", pa.int64()),
        ("output_tokens", pa.int64()),
        ("seconds", pa.float64()),
        ("reasoning", pa.string()),
        ("constrained", pa.bool_()),
        ("probabilities", pa.list_(pa.float64())),
        ("checksum", pa.uint32()),
    ]
)
_SCHEMAS = (_SCHEMA, _SCHEMA.remove(_SCHEMA.get_field_index("probabilities")))
"""That of this version, and of files without the probabilities of labels."""


class _Place(NamedTuple):
    """Where a reply is: file, offset of its batch, row in the batch."""

    path: Path
    offset: int
    row: int


def key_of(model: str, prompt: Prompt) -> bytes:
    """Hash all that a reply depends on: the model, the texts, the seed and the sampling."""
    whole = f"{model}\0{prompt.digest()}"
    return blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class ReplyLog:
    """The replies in one work folder. Use it as a context manager inside an event loop.

    Raises UsageError if another process uses the folder, DiskError if it cannot be written.
    """

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self.folder = folder
        self.torn: list[Path] = []
        """Files whose end could not be read."""
        self._disk = disk or Disk()
        self._places: dict[bytes, _Place] = {}
        self._waiting: list[tuple[tuple[object, ...], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._file: int | None = None
        self._path: Path | None = None
        self._end = 0
        self._lock: int | None = None
        self._batch = lru_cache(maxsize=_BATCHES_KEPT)(_read_batch)

    def __enter__(self) -> Self:
        with disk_errors(f"opening {self.folder}"):
            self._disk.make_folder(self.folder)
            self._lock = os.open(self.folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.__exit__()
            raise UsageError(
                f"{self.folder} is in use by another process; wait for it, or name another folder "
                "with --work"
            ) from None
        for name in self._disk.list_folder(self.folder):
            if name.endswith(SUFFIX):
                self._load(self.folder / name)
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in (self._file, self._lock):
            if descriptor is not None:
                self._disk.close(descriptor)
        self._file = self._lock = None

    def __len__(self) -> int:
        return len(self._places)

    def get(self, key: bytes) -> Completion | None:
        """Return the reply with this key, if there is one that is whole."""
        place = self._places.get(key)
        if place is None:
            return None
        try:
            row = self._batch(place.path, place.offset).slice(place.row, 1).to_pylist()[0]
        except (pa.ArrowException, UnicodeDecodeError):
            return None
        if row.pop("checksum") != _checksum(row.values()):
            return None
        told = {name: row[name] for name in Completion._fields if name in row}
        scores = told.get("probabilities")
        return Completion(**told | {"probabilities": None if scores is None else tuple(scores)})

    async def keep(
        self, key: bytes, facts: Facts, model: str, prompt: Prompt, reply: Completion
    ) -> None:
        """Append a reply and return once it is on the disk. Raises DiskError."""
        kept = asyncio.get_running_loop().create_future()
        told = reply._asdict()
        if reply.probabilities is not None:
            told["probabilities"] = list(reply.probabilities)  # as Arrow gives it back
        row = (key, *facts, model, prompt.seed, *(told[name] for name in _REPLY))
        self._waiting.append(((*row, _checksum(row)), kept))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await kept

    async def settled(self) -> None:
        """Return once nothing is being written."""
        while self._writing is not None and not self._writing.done():
            await asyncio.gather(self._writing, return_exceptions=True)

    async def _write(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            rows = [row for row, _ in waiting]
            try:
                await asyncio.to_thread(self._append, rows)
            except Exception as error:  # noqa: BLE001  (handed to those who wait, who raise it)
                for _, kept in waiting:
                    if not kept.done():
                        kept.set_exception(error)
            else:
                for _, kept in waiting:
                    if not kept.done():
                        kept.set_result(None)

    def _append(self, rows: Sequence[tuple[object, ...]]) -> None:
        columns = [
            pa.array(values, field.type)
            for field, values in zip(_SCHEMA, zip(*rows, strict=True), strict=True)
        ]
        data = pa.RecordBatch.from_arrays(columns, schema=_SCHEMA).serialize()
        with disk_errors(f"writing to {self.folder}"):
            try:
                if self._file is None:
                    self._begin()
                assert self._file is not None
                self._disk.write(self._file, memoryview(data))
                self._disk.fsync(self._file)
            except OSError:
                self._abandon()
                raise
        assert self._path is not None
        for number, row in enumerate(rows):
            assert isinstance(row[0], bytes)
            self._places[row[0]] = _Place(self._path, self._end, number)
        self._end += data.size

    def _begin(self) -> None:
        """Create the file of this start."""
        taken = [name for name in self._disk.list_folder(self.folder) if name.endswith(SUFFIX)]
        self._path = self.folder / f"replies-{len(taken):05d}{SUFFIX}"
        self._file = self._disk.create(self._path)
        schema = _SCHEMA.serialize()
        self._disk.write(self._file, memoryview(schema))
        self._disk.sync_folder(self.folder)
        self._end = schema.size

    def _abandon(self) -> None:
        """Close a file whose end is not known; the next reply begins another one."""
        descriptor, self._file = self._file, None
        if descriptor is not None:
            with suppress(OSError):
                self._disk.close(descriptor)

    def _load(self, path: Path) -> None:
        with disk_errors(f"reading {path}"):
            for offset, batch in self._batches(path):
                for row, key in enumerate(batch.column(0).to_pylist()):
                    self._places[key] = _Place(path, offset, row)  # a later one is whole

    def _batches(self, path: Path) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield the batches of a file, each with its offset, up to where it is torn."""
        size = path.stat().st_size
        with pa.OSFile(str(path)) as file:
            try:
                schema = pa.ipc.read_schema(file)
                if schema not in _SCHEMAS:
                    raise UsageError(
                        f"{path} was written by another version of simnet; remove {self.folder}, "
                        "or name another folder with --work"
                    )
                while (offset := file.tell()) < size:
                    yield offset, pa.ipc.read_record_batch(pa.ipc.read_message(file), schema)
            except (pa.ArrowException, EOFError, OSError) as error:
                if getattr(error, "errno", None) is not None:
                    raise  # of the disk, and not of Arrow
                self.torn.append(path)


_REPLY = tuple(name for name in _SCHEMA.names if name in Completion._fields)


def _checksum(values: Iterable[object]) -> int:
    return zlib.crc32(repr(tuple(values)).encode("utf-8", "surrogatepass"))


def _read_batch(path: Path, offset: int) -> pa.RecordBatch:
    with pa.OSFile(str(path)) as file:
        schema = pa.ipc.read_schema(file)
        file.seek(offset)
        return pa.ipc.read_record_batch(pa.ipc.read_message(file), schema)
