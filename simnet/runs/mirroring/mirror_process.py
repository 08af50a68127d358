"""Keeps a copy of the record in an object store while a run goes on, by a process beside it."""

import asyncio
import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self

from simnet.errors import RecordError, SupersededError
from simnet.foundation import log
from simnet.foundation.posix import STOPPING
from simnet.recording.files.manifest import MirrorFacts
from simnet.recording.mirror.upload_worker import FINISH, Standing, standing_of
from simnet.recording.writing.run_directory import RunDirectory
from simnet.runs.mirroring.mirror_descriptions import describe_mirror, describe_standing
from simnet.runs.options.mirror_settings import MirrorSettings
from simnet.runtime.base import Reporter
from simnet.scheduler.progress.messages import Progress

STALLED_SECONDS = 60.0
"""Wall seconds at the end of a run in which nothing goes up, after which the upload is given up."""
END_SECONDS = 900.0
"""Most wall seconds that the end of a run waits for its upload."""
_START_AGAIN_SECONDS = 5.0
_LOG = log.get("simnet.mirror")
_CODE = (
    "import sys; sys.path.append({!r}); "
    "from simnet.recording.mirror.upload_worker import main; main(sys.stdin, sys.stdout)"
)


class Mirror:
    """The mirror of a run that goes on; a context manager in which the run is played.

    Nothing of the run waits for it before its end, and no fault of it reaches the run. At the end
    it waits until the upload is complete, stalls, or a signal ends the wait, and notes in the
    manifest what is there.
    """

    def __init__(
        self,
        settings: MirrorSettings | None,
        directory: RunDirectory,
        report: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._report = report
        self._process: _Uploads | None = None
        self._problem: str | None = None

    def watching(self, reporter: Reporter) -> Reporter:
        """Return a reporter that adds the state of the mirror to all progress."""
        return reporter if self._settings is None else _MirrorReporter(reporter, self._look)

    async def __aenter__(self) -> Self:
        before = self._directory.manifest.mirror
        if self._settings is not None:
            self._directory.update(mirror=MirrorFacts(address=str(self._settings.address)))
            self._process = _Uploads(self._directory.path, self._settings)
        elif before is not None:
            why = "the run was resumed without its mirror"
            facts = before.model_copy(update={"whole": False, "problem": why})
            self._directory.update(mirror=facts)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is None:
            return
        taken = kind is not None and issubclass(kind, SupersededError)
        try:
            if kind is None or (issubclass(kind, Exception) and not taken):
                await self._finish(self._process)
        finally:
            self._process.end()
            facts = self._facts(self._process.standing)
            with suppress(RecordError):  # the manifest is on a disk that may have failed
                if not taken:  # else it is that of another process by now
                    self._directory.update(mirror=facts)
            self._report(describe_mirror(facts, self._directory.path))
            _LOG.info("mirror ended", **facts.model_dump(mode="json"))

    async def _finish(self, process: "_Uploads") -> None:
        """Wait until all is there, unless it was given up; a signal ends the wait."""
        self._look()
        if process.standing.ended:
            return
        given_up = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in STOPPING:
            with suppress(ValueError, RuntimeError):  # raised outside the main thread
                loop.add_signal_handler(number, given_up.set)
        try:
            self._report("bringing the rest of the record to its mirror (Ctrl-C leaves it)")
            process.finish()
            moved, since = -1, loop.time()
            until = since + END_SECONDS
            while not process.standing.ended and not given_up.is_set():
                if process.standing.moved != moved:
                    moved, since = process.standing.moved, loop.time()
                if loop.time() > min(until, since + STALLED_SECONDS):
                    return
                self._look()
                await asyncio.sleep(0.05)
        finally:
            for number in STOPPING:
                with suppress(ValueError, RuntimeError):
                    loop.remove_signal_handler(number)

    def _facts(self, standing: Standing) -> MirrorFacts:
        assert self._settings is not None
        why = None if standing.whole else standing.problem or "the upload was not finished"
        return MirrorFacts(
            address=str(self._settings.address),
            whole=standing.whole,
            at=datetime.fromisoformat(standing.at) if standing.at else None,
            bytes=standing.bytes,
            problem=why,
            given_up=standing.given_up,
        )

    def _look(self) -> str:
        """Report what has changed, and return how far the mirror is in one line."""
        assert self._process is not None
        assert self._settings is not None
        self._process.look_after()
        standing = self._process.standing
        if standing.problem != self._problem:
            before, self._problem = self._problem, standing.problem
            if standing.problem is None:
                text = f"the mirror {self._settings.address} is written again"
            elif standing.ended:
                text = f"the run is not mirrored any more: {standing.problem}"
            else:
                text = f"the mirror waits, the run goes on: {standing.problem}"
            if before is None or standing.problem is None or standing.ended:
                self._report(text)
            _LOG.info("mirror", state=text)
        return describe_standing(standing)


class _MirrorReporter:
    """A Reporter that adds the state of the mirror to all progress."""

    def __init__(self, reporter: Reporter, look: Callable[[], str]) -> None:
        self._reporter = reporter
        self._look = look

    def begun(self, folder: Path) -> None:
        self._reporter.begun(folder)

    def phase(self, text: str) -> None:
        self._reporter.phase(text)

    def progress(self, progress: Progress) -> None:
        self._reporter.progress(progress._replace(mirror=self._look()))


class _Uploads:
    """The process that uploads, started again whenever it ends by itself."""

    def __init__(self, folder: Path, settings: MirrorSettings) -> None:
        self._line = json.dumps(
            {
                "folder": str(folder.resolve()),
                "address": settings.address.child(folder.name).url,
                "every": settings.every,
            }
        )
        self.standing = Standing()
        self._finishing = False
        self._said: deque[str] = deque(maxlen=5)
        self._started = time.monotonic()
        self._threads: list[Thread] = []
        self._process: subprocess.Popen[str] | None = None
        self._start()

    def finish(self) -> None:
        """Let it bring up the rest."""
        self._finishing = True
        self._tell(FINISH)

    def look_after(self) -> None:
        """Start the process again if it has ended and was not to."""
        ended = self._process.poll() if self._process is not None else self.standing.problem
        if ended is None or self.standing.ended:
            return
        if time.monotonic() - self._started > _START_AGAIN_SECONDS:
            why = self._said[-1] if self._said else ended
            self._failed(f"its process ended ({why}) and is started again")
            self.end()
            self._started = time.monotonic()
            self._start()

    def end(self) -> None:
        """End the process at once, and wait for that."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        assert self._process.stdin is not None
        with suppress(OSError):  # what was not read by the process is lost
            self._process.stdin.close()

    def _start(self) -> None:
        code = _CODE.format(str(Path(__file__).parents[3]))
        try:
            self._process = process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,  # Ctrl-C stops the run, whose end is still to go up
            )
        except OSError as error:  # no memory, too many processes: the run goes on
            self._process = None
            self._failed(f"its process does not start: {error}")
            return
        self._threads = [
            Thread(target=self._follow, args=[process.stdout], daemon=True),
            Thread(target=self._listen, args=[process.stderr], daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        self._tell(self._line)
        if self._finishing:
            self._tell(FINISH)

    def _failed(self, problem: str) -> None:
        self.standing = self.standing._replace(problem=problem)

    def _tell(self, line: str) -> None:
        if self._process is None:
            return
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended and is started again
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def _follow(self, lines: Any) -> None:
        with lines:
            for line in lines:
                with suppress(ValueError):  # cut off by the end of the process
                    self.standing = standing_of(line)

    def _listen(self, lines: Any) -> None:
        with lines:
            for line in lines:
                if line.strip():
                    self._said.append(line.strip())
