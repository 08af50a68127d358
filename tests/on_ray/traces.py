"""Counts what a process has left on this machine once it has ended."""

import os
import threading
from pathlib import Path

import psutil
from waiting import survivors

from simnet.foundation.leftovers import SHARED_MEMORY, _mapped

_EVERY = 0.2
"""Wall seconds between two looks at the processes."""


class Traces:
    """Remembers all processes that a process starts and the shared memory that they map.

    The process has a temporary folder of its own, so that every file in it is one of its files.
    """

    def __init__(self, folder):
        """Take a new folder with a short name, since there will be sockets in it."""
        self._folder = Path(folder)
        self._processes = {}
        self._shared = set()
        self._over = threading.Event()
        self.environment = {**os.environ, "RAY_TMPDIR": folder, "TMPDIR": folder}
        for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_ADDRESS"):
            self.environment.pop(name, None)

    def follow(self, number):
        """Look at the processes that the process of this id starts, until `left` is called."""
        threading.Thread(target=self._look, args=(psutil.Process(number),), daemon=True).start()

    def _look(self, process):
        while not self._over.wait(_EVERY):
            try:
                found = process.children(recursive=True)
            except psutil.NoSuchProcess:
                return
            self._processes |= {one: one for one in found}
            self._shared |= {name for name, _ in _mapped(found)}

    def named(self, beginning):
        """The processes that were seen whose titles begin so, the newest first."""
        found = []
        for process in self._processes.copy():
            try:
                words = process.cmdline()
                if words and (words[0].startswith(beginning) or words[0].endswith("/" + beginning)):
                    found.append(process)
            except psutil.Error:
                continue
        return sorted(found, key=psutil.Process.create_time, reverse=True)

    def left(self):
        """Wait for the processes to end, and list what is there then: nothing, if all is well."""
        self._over.set()
        processes = survivors(list(self._processes))
        return {
            "processes": [process.cmdline() for process in processes],
            "files": sorted(str(path) for path in self._folder.rglob("*")),
            "shared memory": sorted(
                name for name in self._shared if (SHARED_MEMORY / name).exists()
            ),
        }


NOTHING = {"processes": [], "files": [], "shared memory": []}
