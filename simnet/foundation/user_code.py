"""The boundary to code of the user: whatever it raises or returns becomes one UserCodeError.

Behaviours, rankings, sources, recommendations, rhythms, verbs, builders of ties and portraits are
functions of the user. Code that calls one catches BaseException, because a user's function may
call `sys.exit` or raise `CancelledError`, and turns it into an error by `raised_by`. A result that
is not what it has to be becomes one by `wrong_result`. Both name the last frame of the user's own.

A function that calls them is a *boundary*: `mark_boundary` tells it to `running`, which says whose
code a thread is running now. A watchdog and the handler of signals use that.
"""

import inspect
import linecache
import os
import sys
import sysconfig
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple, TypeVar

from simnet.errors import (
    ActionError,
    ModelError,
    ScenarioError,
    SimnetError,
    UserCodeError,
)
from simnet.foundation.text import cut, without_addresses

F = TypeVar("F", bound=Callable[..., Any])

LONGEST = 300
"""Characters of a user's own error message that are shown."""
_OWN = f"{Path(__file__).parents[1]}{os.sep}"
_LIBRARY = tuple(f"{sysconfig.get_path(name)}{os.sep}" for name in ("stdlib", "platstdlib"))
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_MADE_UP = ("<frozen", "<string>", "<attrs", "<__array_function__")
"""Beginnings of the file names of code that is in no file and not the user's."""
_LOCALS = ".<locals>."


class Interrupted(BaseException):
    """Raised inside a function of the user to end it, when a signal asks for that."""


class Place(NamedTuple):
    """A line of a file."""

    file: str
    line: int


def raised_by(
    kind: str,
    function: object,
    error: BaseException,
    *,
    name: str = "",
    cohort: str | None = None,
    handle: str | None = None,
    turn: int | None = None,
) -> UserCodeError:
    """Make the error for a function of the user that raised; the fields are those of the error.

    An error that is one already gets the fields that it lacks. Errors that are no doing of the
    user, such as that of a model that died, are raised as they are.
    """
    if isinstance(error, UserCodeError):
        error.cohort = error.cohort if error.cohort is not None else cohort
        error.handle = error.handle if error.handle is not None else handle
        error.turn = error.turn if error.turn is not None else turn
        return error
    if isinstance(error, SimnetError) and not isinstance(
        error, ScenarioError | ActionError | ModelError
    ):
        raise error
    place = frame_place(error.__traceback__) or place_of(function)
    return UserCodeError(
        kind,
        name or name_of(function),
        _problem(error),
        cohort=cohort,
        handle=handle,
        turn=turn,
        file=place and place.file,
        line=place and place.line,
        source=place and source_line(place),
        interrupted=isinstance(error, Interrupted),
    )


def wrong_result(
    kind: str,
    function: object,
    problem: str,
    *,
    name: str = "",
    cohort: str | None = None,
    handle: str | None = None,
    turn: int | None = None,
    place: Place | None = None,
) -> UserCodeError:
    """Make the error for a function of the user that returned, or did, what it may not.

    `place` is the line; by default that at which the function is defined.
    """
    place = place or place_of(function)
    return UserCodeError(
        kind,
        name or name_of(function),
        problem,
        cohort=cohort,
        handle=handle,
        turn=turn,
        file=place and place.file,
        line=place and place.line,
        source=place and source_line(place),
    )


def located(error: BaseException) -> UserCodeError | None:
    """Make the error for any code of the user that raised; None if none is in the traceback."""
    if isinstance(error, UserCodeError):
        return error
    if isinstance(error, SimnetError) or frame_place(error.__traceback__) is None:
        return None
    return raised_by("code", _last_function(error.__traceback__), error)


def shown(value: object) -> str:
    """Write a value of the user for a message: short, on one line, the same in every process."""
    try:
        text = repr(value)
    except BaseException:  # noqa: BLE001  (whatever a user's __repr__ raises)
        text = f"<{type(value).__name__}>"
    return cut(without_addresses(" ".join(text.split())), 80)


def name_of(function: object) -> str:
    """Name a function, or an object that is called like one.

    A function that one of simnet's made is named after its maker: `random_followees`, not `build`.
    """
    while isinstance(function, partial):
        function = function.func
    maker, made, _ = getattr(function, "__qualname__", "").rpartition(_LOCALS)
    if made and is_own(function):
        return str(maker.rpartition(".")[2])
    name = getattr(function, "__name__", "") or type(function).__name__
    return name if isinstance(name, str) else type(function).__name__


def is_own(function: object) -> bool:
    """Whether a function is simnet's."""
    while isinstance(function, partial):
        function = function.func
    module = getattr(function, "__module__", None) or type(function).__module__
    return isinstance(module, str) and module.partition(".")[0] == "simnet"


# -- places -----------------------------------------------------------------------------------


def frame_place(trace: TracebackType | None) -> Place | None:
    """Find the last frame of a traceback that is the user's own."""
    found = None
    while trace is not None:
        if is_users(trace.tb_frame.f_code.co_filename):
            found = Place(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


def handed_to(trace: TracebackType | None, package: str) -> str:
    """Name the function in which an error arose, if a package of simnet called it; else empty.

    It is for functions of installed packages, whose frames do not tell whether simnet called them
    for itself or as what the user gave it.
    """
    name = caller = ""
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code.co_filename.startswith(_OWN):
            name, caller = "", str(frame.f_globals.get("__name__"))
        else:
            name = name or frame.f_code.co_name
        trace = trace.tb_next
    return name if caller.startswith(f"{package}.") else ""


def place_of(function: object) -> Place | None:
    """Find the line at which a function, or the class of a callable object, is defined."""
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function) if callable(function) else function
    code = getattr(function, "__code__", None)
    if code is None:
        code = getattr(vars(type(function)).get("__call__"), "__code__", None)
    if not isinstance(code, CodeType) or not is_users(code.co_filename):
        return None
    return Place(code.co_filename, code.co_firstlineno)


def source_line(place: Place) -> str:
    """Read a line of a file, without the spaces around it; empty if there is none."""
    return cut(linecache.getline(place.file, place.line).strip(), 120)


@cache
def is_users(filename: str) -> bool:
    """Whether a file is neither simnet's nor Python's nor of an installed package."""
    if filename.startswith((_OWN, *_LIBRARY, *_MADE_UP)):
        return False
    return _INSTALLED.isdisjoint(Path(filename).parts)


def _last_function(trace: TracebackType | None) -> object:
    """Return a stand-in with the name of the last function of the user in a traceback."""
    name = "code"
    while trace is not None:
        if is_users(trace.tb_frame.f_code.co_filename):
            name = trace.tb_frame.f_code.co_name
        trace = trace.tb_next

    def stand_in() -> None: ...

    stand_in.__name__ = name
    return stand_in


def _problem(error: BaseException) -> str:
    if isinstance(error, Interrupted):
        return "was stopped by a signal"
    if isinstance(error, SystemExit):
        return f"called sys.exit({shown(error.code)})"
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001  (whatever a user's __str__ raises)
        text = ""
    text = cut(without_addresses(" ".join(text.split())), LONGEST)
    return f"raised {type(error).__name__}: {text}" if text else f"raised {type(error).__name__}"


# -- whose code is running ----------------------------------------------------------------------

Whom = Callable[[dict[str, Any]], str]
_BOUNDARIES: dict[CodeType, Whom] = {}


class Running(NamedTuple):
    """Code of the user that a thread is running."""

    boundary: FrameType
    """The frame that called it."""
    whom: str
    """Whose code it is: kind of function and persona."""
    place: Place
    """The line that is running."""


def mark_boundary(whom: Whom) -> Callable[[F], F]:
    """Mark a function that calls code of the user; `whom` describes that by its local variables."""

    def mark(function: F) -> F:
        _BOUNDARIES[function.__code__] = whom
        return function

    return mark


def running(frame: FrameType | None) -> Running | None:
    """Find the code of the user that runs above the newest boundary of a stack, if any."""
    place = None
    while frame is not None:
        if place is None and is_users(frame.f_code.co_filename):
            place = Place(frame.f_code.co_filename, frame.f_lineno)
        whom = _BOUNDARIES.get(frame.f_code)
        if whom is not None:
            return None if place is None else Running(frame, whom(frame.f_locals), place)
        frame = frame.f_back
    return None


def running_now() -> Iterator[Running]:
    """Find the code of the user that the threads of this process are running."""
    for frame in sys._current_frames().values():  # noqa: SLF001  (the documented way)
        if (found := running(frame)) is not None:
            yield found
