"""The process beside a run that brings its record up, again and again, and says how far it is.

It reads one line of JSON, its settings, and then waits for the line `finish`: it goes on until all
of the record is there, and ends. When its input ends it ends at once, so that nothing stays when
the driver is killed. It writes a line of JSON whenever something has changed. The run waits for
nothing that this process does, and whatever fails here is told and tried again.
"""

import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from simnet.errors import RecordError
from simnet.recording.files import wal
from simnet.recording.files.manifest import read_manifest
from simnet.recording.mirror.mirror_address import MirrorAddress
from simnet.recording.mirror.mirror_index import Index
from simnet.recording.mirror.object_store import ObjectStore
from simnet.recording.mirror.same_record import OtherRecordError
from simnet.recording.mirror.uploading import Uploader
from simnet.recording.mirror.writer_claims import TakenOverError
from simnet.recording.reading.lineage import lineage

FINISH = "finish"
SOON_BYTES = 32 << 20
"""Bytes that have not gone up and that are not left waiting for the next time."""
_LOOK_SECONDS = 1.0
_NICE = 5
"""What the process adds to its niceness: the run goes first where cores are short."""
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 30.0
"""Wall seconds until the first further try after a failure, and the longest."""


class Standing(NamedTuple):
    """How far the mirror of a run is."""

    at: str | None = None
    """All that was acknowledged by this time, in ISO format, is there; None before the first."""
    bytes: int = 0
    """The size of the files that are there."""
    moved: int = 0
    """Bytes that went up in all; they rise while something goes up."""
    problem: str | None = None
    """What failed last; None if nothing has since."""
    ended: bool = False
    """Whether nothing more goes up: the record is there (`whole`), or `problem` is for good."""
    whole: bool = False
    """Whether all of the record was there when it was told to finish."""

    @property
    def given_up(self) -> bool:
        """Whether nothing more goes up although it is not whole."""
        return self.ended and not self.whole


class UploadWorker:
    """Brings the record of a run up, with those of its ancestors."""

    def __init__(
        self,
        folder: Path,
        address: MirrorAddress,
        *,
        every: float,
        say: Callable[[Standing], None],
    ) -> None:
        self._folder = folder
        self._address = address
        self._every = every
        self._say = say
        self._uploader: Uploader | None = None
        self._ancestors: list[Path] | None = None
        self._standing = Standing()
        self._adding = threading.Lock()
        self.finishing = threading.Event()

    def run(self) -> Standing:
        """Upload until told to finish and all is there, or another writer has taken over."""
        wait = _FIRST_WAIT
        while not self._standing.ended:
            last = self.finishing.is_set()
            try:
                self.upload_once()
            except (TakenOverError, OtherRecordError) as error:
                self._tell(problem=str(error), ended=True)
            except (RecordError, OSError) as error:
                self._tell(problem=str(error))
                self.finishing.wait(wait) if not last else time.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT)
            else:
                wait = _FIRST_WAIT
                if last:
                    self._tell(whole=True, ended=True)
                else:
                    self._rest()
        return self._standing

    def upload_once(self) -> Index:
        """Upload what is there now."""
        if self._uploader is None:
            store = ObjectStore.at(self._address.parent)
            self._bring_ancestors(store)
            below = store.below(self._address.name)
            self._uploader = Uploader(self._folder, below, moved=self._moved)
        index = self._uploader.upload()
        self._tell(at=index.at.isoformat(), bytes=index.bytes, problem=None)
        return index

    def _bring_ancestors(self, store: ObjectStore) -> None:
        """Bring the records up that the run was forked from; nobody writes to them."""
        if self._ancestors is None:
            found = lineage(self._folder, read_manifest(self._folder))
            self._ancestors = [path for path, _ in found]
        while self._ancestors:
            folder = self._ancestors[0]
            uploader = Uploader(folder, store.below(folder.name), moved=self._moved)
            if not uploader.has_all():
                uploader.upload()
            del self._ancestors[0]

    def _rest(self) -> None:
        """Wait until it is time again, or much has been written, or it is the end."""
        until = time.monotonic() + self._every
        before = _written(self._folder)
        while (left := until - time.monotonic()) > 0:
            if self.finishing.wait(min(left, _LOOK_SECONDS)):
                return
            if _written(self._folder) - before > SOON_BYTES:
                return

    def _moved(self, size: int) -> None:
        with self._adding:
            self._tell(moved=self._standing.moved + size)

    def _tell(self, **changes: Any) -> None:
        self._standing = self._standing._replace(**changes)
        self._say(self._standing)


def bring_up(folder: Path, address: MirrorAddress) -> Index:
    """Bring a record up once, with those of its ancestors, to a folder of mirrored runs.

    Raises RecordError: StoreError for what may pass.
    """
    worker = UploadWorker(folder, address.child(folder.name), every=0.0, say=lambda _: None)
    return worker.upload_once()


def _written(folder: Path) -> int:
    """Return the size of all segments, to see how much is written."""
    try:
        with os.scandir(folder / wal.WAL) as entries:
            return sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
    except OSError:
        return 0


def main(given: TextIO, told: TextIO) -> None:
    """Do what the settings in the first line of `given` say; standings go to `told`."""
    line = given.readline()
    if not line:
        return  # the driver ended at once
    settings = json.loads(line)
    with suppress(OSError):
        os.nice(_NICE)
    said = threading.Lock()

    def say(standing: Standing) -> None:
        with said:
            told.write(json.dumps(standing._asdict()) + "\n")
            told.flush()

    worker = UploadWorker(
        Path(settings["folder"]),
        MirrorAddress.read(settings["address"]),
        every=float(settings["every"]),
        say=say,
    )

    def listen() -> None:
        for line in given:
            if line.strip() == FINISH:
                worker.finishing.set()
        os._exit(0)  # the driver is gone; a call of the store may take long and is not waited for

    threading.Thread(target=listen, daemon=True).start()
    worker.run()
    os._exit(0)  # without waiting for connections that are open


def standing_of(line: str) -> Standing:
    """Read a standing as `main` writes it. Raises ValueError for anything else."""
    try:
        standing = Standing(**json.loads(line))
        if standing.at is not None:
            datetime.fromisoformat(standing.at)
    except TypeError as error:
        raise ValueError(str(error)) from error
    return standing
