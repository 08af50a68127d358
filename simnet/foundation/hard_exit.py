"""Ends this process without waiting for anything."""

import os
from contextlib import suppress
from typing import NoReturn

_STDOUT, _STDERR = 1, 2
_SHOW_CURSOR = b"\x1b[?25h"
_DUMB = {"dumb", "unknown"}
"""Values of TERM for terminals without a cursor that moves."""


def end_process(code: int) -> NoReturn:
    """End this process now; a cursor that a display has hidden is shown again."""
    if os.environ.get("TERM", "").lower() not in _DUMB:
        for terminal in filter(os.isatty, (_STDOUT, _STDERR)):
            with suppress(OSError):  # the terminal is gone
                os.write(terminal, _SHOW_CURSOR)
    os._exit(code)
