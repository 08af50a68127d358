"""Sends what Ray prints in the process of the driver to the run's log instead of the terminal.

Ray prints the errors of its other processes on stdout, where the output of a command belongs, and
its own on stderr. Most of it concerns processes that simnet restarts, and says so in its own way.
"""

import logging
from collections.abc import Mapping
from typing import Any

from ray._private import worker

from simnet.foundation import log

ADVICE = {
    "object creation will fail": (
        "the disk of Ray's temporary folder is nearly full; free some, or name another folder "
        "with: export RAY_TMPDIR=/some/short/folder"
    ),
    "cannot be scheduled right now": (
        "the cluster has no node with room for an actor of the run, which waits for one; see: "
        "ray status"
    ),
}
"""What to say, once a run, when a message of Ray has these words, in small letters."""
_LOG = log.get("simnet.ray")
_RAY = logging.getLogger("ray")


class _ToLog(logging.Handler):
    """Passes on the lines of Ray's Python code."""

    def emit(self, record: logging.LogRecord) -> None:
        _LOG.info("Ray says", level_of_ray=record.levelname, text=record.getMessage())


class Redirection:
    """Ray's messages go to the log from `begin` to `end`. Both may be called twice."""

    def __init__(self) -> None:
        self._before: tuple[Any, list[logging.Handler], bool] | None = None
        self._advised: set[str] = set()

    def begin(self) -> None:
        """Redirect the messages."""
        if self._before is None:
            self._before = worker.print_to_stdstream, _RAY.handlers[:], _RAY.propagate
            self._advised.clear()
            worker.print_to_stdstream = self._log
            _RAY.handlers[:] = [_ToLog()]
            _RAY.propagate = False

    def end(self) -> None:
        """Let Ray print again."""
        if self._before is not None:
            worker.print_to_stdstream, _RAY.handlers[:], _RAY.propagate = self._before
            self._before = None

    def _log(self, data: Mapping[str, Any], ignore_prefix: bool = False) -> None:
        """Log a batch of lines from another process; has the signature of Ray's function."""
        text = "\n".join(data.get("lines", ()))
        _LOG.info("Ray says", process=str(data.get("pid")), text=text)
        for words, advice in ADVICE.items():
            if words in text.lower() and words not in self._advised:
                self._advised.add(words)
                _LOG.warning(advice)


REDIRECTION = Redirection()
"""That of this process, since there is one connection to Ray in a process."""
