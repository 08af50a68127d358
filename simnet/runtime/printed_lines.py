"""What code of the user prints in an actor becomes lines of the actor's log.

A line says whose code it was: the persona, the turn and the simulated time, as far as the stack
tells. Nothing of it costs anything where nothing is printed.
"""

import io
import re
import sys
from typing import Any

from simnet.foundation import log
from simnet.foundation.text import cut
from simnet.foundation.user_code import running

LONGEST = 10_000
"""Characters of a line that are kept."""
_LOG = log.get("simnet.printed")
_HANDLE = re.compile(r"@([^\s,:]+)")


class PrintedLines(io.TextIOBase):
    """Stands for stdout: writes each line to the log."""

    def __init__(self) -> None:
        self._begun: dict[str, tuple[dict[str, Any], str]] = {}
        """Lines without their end and what printed them, by whose they are: turns alternate at
        every model call."""

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Take text; whole lines are logged, what follows the last waits for its end.

        It waits no longer than until the same persona prints in another turn.
        """
        origin = _origin()
        whose = _whose(origin)
        before, begun = self._begun.pop(whose, (origin, ""))
        if before.get("by") != origin.get("by"):
            _log(before, begun)
            begun = ""
        *lines, begun = (begun + text).split("\n")
        if len(begun) > LONGEST:
            lines.append(begun)
        elif begun:
            self._begun[whose] = origin, begun
        for line in lines:
            _log(origin, line)
        return len(text)

    def flush(self) -> None:
        """Log the line that the user's code which runs has begun; all lines where none runs."""
        origin = _origin()
        for whose in [_whose(origin)] if origin else list(self._begun):
            if whose in self._begun:
                _log(*self._begun.pop(whose))


def capture_prints() -> None:
    """Send what is printed in this process to its log from now on."""
    sys.stdout = PrintedLines()


def _whose(origin: dict[str, Any]) -> str:
    return str(origin.get("who", origin.get("by")))


def _log(origin: dict[str, Any], line: str) -> None:
    _LOG.info("printed", text=cut(line, LONGEST), **origin)


def _origin() -> dict[str, Any]:
    """Return who printed: `by`, and `who`, `turn` and `now` where a persona's turn did."""
    found = running(sys._getframe(2))  # noqa: SLF001  (the documented way)
    if found is None:
        return {}
    origin: dict[str, Any] = {"by": found.whom, "file": found.place.file, "line": found.place.line}
    if (handle := _HANDLE.search(found.whom)) is not None:
        origin["who"] = handle[1]
    view = found.boundary.f_locals.get("view")
    if view is not None:
        origin |= {"turn": view.turn, "now": view.now}
    return origin
