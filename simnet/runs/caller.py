"""Warnings that show the line of the user that they are about."""

import asyncio
import contextlib
import inspect
import os
import warnings
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

from simnet.errors import ScenarioWarning

_OURS = (
    f"{Path(__file__).parents[1]}{os.sep}",
    f"{Path(asyncio.__file__).parent}{os.sep}",
    contextlib.__file__,
)
"""How the files begin whose lines are not the user's."""
_CALLER: ContextVar[tuple[str, int] | None] = ContextVar("caller", default=None)


@contextlib.contextmanager
def noted_caller() -> Iterator[None]:
    """Let warnings show the line that calls now, in whatever thread or task they are made."""
    token = _CALLER.set(_users_line())
    try:
        yield
    finally:
        _CALLER.reset(token)


def warn_user(text: str) -> None:
    """Warn of a scenario, with the file and line of the user that called simnet."""
    file, line = _CALLER.get() or _users_line()
    warnings.warn_explicit(text, ScenarioWarning, file, line)


def _users_line() -> tuple[str, int]:
    """Return file and line of the innermost frame that is neither simnet's nor asyncio's."""
    frame = inspect.currentframe()
    assert frame is not None  # CPython has frames
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno
