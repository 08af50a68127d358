"""Prints on stderr what the actors of a run write to their log files."""

import json
import logging
import sys
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

from simnet.foundation import log
from simnet.runtime.code_watchdog import LOGGER

POLL_SECONDS = 0.5
"""Wall seconds between two looks at the files."""


class LogLines:
    """Follows the log files of a run's actors. Use it as a context manager."""

    def __init__(self, level: log.Level | None) -> None:
        """Print lines of `level` and above; if it is None, those of the watchdog alone."""
        self._level = level
        self._folder: Path | None = None
        self._offsets: dict[Path, int] = {}
        self._stop = Event()
        self._thread = Thread(target=self._follow, name="log lines", daemon=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        if self._folder is not None:
            self._thread.join()

    def follow(self, run: Path) -> None:
        """Print what is written to the files of a run directory from now on."""
        self._folder = run / log.FOLDER
        self._offsets = {file: file.stat().st_size for file in self._files()}
        self._thread.start()

    def _files(self) -> list[Path]:
        assert self._folder is not None
        files = (file for file in self._folder.glob("*.jsonl") if file.stem != log.MAIN)
        return sorted(file for file in files if file.is_file() and not file.is_symlink())

    def _follow(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self._print_new()
        self._print_new()

    def _print_new(self) -> None:
        for file in self._files():
            with file.open("rb") as stream:
                stream.seek(self._offsets.get(file, 0))
                lines = stream.read()
            complete = lines[: lines.rfind(b"\n") + 1]
            self._offsets[file] = self._offsets.get(file, 0) + len(complete)
            for line in complete.splitlines():
                self._print(json.loads(line))

    def _print(self, fields: dict[str, Any]) -> None:
        if fields.get("logger") == LOGGER:
            sys.stderr.write(log.text_line(fields) + "\n")
        if fields.get("logger") == LOGGER or self._level is None:
            return
        names = logging.getLevelNamesMapping()
        if names[fields["level"].upper()] >= names[self._level.upper()]:
            sys.stderr.write(log.text_line(fields) + "\n")
