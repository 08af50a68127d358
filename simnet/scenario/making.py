"""Notes by which code a scenario was made, so that a run from Python can record it.

The note is made with the scenario and is no part of its value.
"""

import inspect
from collections.abc import Mapping
from types import FrameType
from typing import Any, NamedTuple

_NOTE = "_made_by"
_PLAIN = (str, int, float, bool, type(None))


class FunctionCall(NamedTuple):
    """A call of a function of a module, under way when a scenario was made."""

    function: str
    arguments: Mapping[str, object]
    """Those that are texts, numbers, truth values, None, or sequences of them."""
    objects: tuple[str, ...]
    """Names of the other arguments, but for those that are the defaults."""


class MadeBy(NamedTuple):
    """The code that made a scenario."""

    module: str
    calls: tuple[FunctionCall, ...] = ()
    """Calls of functions of that module that led to it, the innermost first."""


def note_maker(scenario: object) -> None:
    """Note which code is making a scenario: the first on the stack that is not simnet's."""
    frame = inspect.currentframe()
    while frame is not None and _is_library(frame):
        frame = frame.f_back
    if frame is not None:
        object.__setattr__(scenario, _NOTE, _made_by(frame))


def maker_of(scenario: object) -> MadeBy | None:
    """Return which code made a scenario; None if that was not noted."""
    found = vars(scenario).get(_NOTE)
    return found if isinstance(found, MadeBy) else None


def _is_library(frame: FrameType) -> bool:
    return _module(frame).partition(".")[0] in {"simnet", "dataclasses"}


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _made_by(first: FrameType) -> MadeBy:
    calls = []
    frame: FrameType | None = first
    while frame is not None and frame.f_globals is first.f_globals:
        function = frame.f_globals.get(frame.f_code.co_name)
        if getattr(function, "__code__", None) is frame.f_code:
            calls.append(_call(function, frame))
        frame = frame.f_back
    return MadeBy(_module(first), tuple(calls))


def _call(function: Any, frame: FrameType) -> FunctionCall:
    code = frame.f_code
    defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    values = {name: frame.f_locals[name] for name in names if name in frame.f_locals}
    plain = {name: value for name, value in values.items() if _is_plain(value)}
    others = (name for name in values if name not in plain)
    given = (name for name in others if not any(values[name] is one for one in defaults))
    return FunctionCall(code.co_name, plain, tuple(given))


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(type(part) in _PLAIN for part in value)
    return type(value) in _PLAIN
