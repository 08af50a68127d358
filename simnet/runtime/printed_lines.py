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
        self._begun: dict[str, str] = {}
        """Lines without their end, by whose they are: turns alternate at every model call."""

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Take text; whole lines are logged, what follows the last waits for its end."""
        origin = _origin()
        whose = str(origin.get("by"))
        *lines, begun = (self._begun.pop(whose, "") + text).split("\n")
        if len(begun) > LONGEST:
            lines.append(begun)
        elif begun:
            self._begun[whose] = begun
        for line in lines:
            _LOG.info("printed", text=cut(line, LONGEST), **origin)
        return len(text)


def capture_prints() -> None:
    """Send what is printed in this process to its log from now on."""
    sys.stdout = PrintedLines()


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
