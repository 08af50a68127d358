"""Describes functions and settings of a scenario by name and parameters, never by address."""

from collections.abc import Mapping, Sequence, Sized
from dataclasses import fields, is_dataclass
from functools import partial
from types import FunctionType, MethodType

from simnet.foundation.text import counted, cut
from simnet.foundation.user_code import name_of

_DEEPEST = 3
"""Functions inside functions that are described by their parameters too."""
_LONGEST = 40
"""Characters of a text that is a parameter."""
_FEW = 4
"""Values of a collection that are listed; of a longer one the number is shown."""


def describe(value: object, depth: int = 0) -> str:
    """Describe a function, a ranking, a rhythm or another setting by its name and parameters.

    Examples are `chronological`, `engagement(half_life=3600)`, `split(share=0.5, ...)`. The
    parameters of a function that another one made are the values it refers to. The text is the
    same in every process.
    """
    match value:
        case str():
            text = repr(cut(value, _LONGEST))
        case float():
            text = f"{value:g}"
        case None | bool() | int():
            text = str(value)
        case type():
            text = value.__name__
        case list() | tuple() | set() | frozenset() | Mapping() if not callable(value):
            text = _collection(value, depth)
        case partial():
            pairs = [("", one) for one in value.args] + list(value.keywords.items())
            text = _called(describe(value.func, depth), pairs, depth)
        case MethodType():
            text = f"{describe(value.__self__, depth)}.{value.__name__}"
        case FunctionType():
            text = _function(value, depth)
        case _:
            text = _object(value, depth)
    return text


def _collection(value: Sized, depth: int) -> str:
    if len(value) > _FEW or depth >= _DEEPEST:
        return counted(len(value), "value")
    depth += 1
    if isinstance(value, Mapping):
        pairs = (f"{describe(k, depth)}: {describe(v, depth)}" for k, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    parts = [describe(one, depth) for one in value]  # type: ignore[attr-defined]
    if isinstance(value, set | frozenset):
        return "+".join(sorted(part.strip("'") for part in parts)) or "nothing"
    return f"[{', '.join(parts)}]"


def _function(function: FunctionType, depth: int) -> str:
    name = name_of(function)
    if name == "<lambda>":
        code = function.__code__
        name = f"lambda in {code.co_filename.rpartition('/')[2]}:{code.co_firstlineno}"
    pairs = []
    variables = function.__code__.co_freevars
    for variable, cell in zip(variables, function.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
        if value is not function and not variable.startswith("_") and _tells(value):
            pairs.append((variable, value))
    return _called(name, pairs, depth)


def _tells(value: object) -> bool:
    """Whether a value can be described, unlike None, arrays and other objects that only work."""
    return isinstance(
        value, str | bool | int | float | list | tuple | set | frozenset | Mapping
    ) or callable(value)


def _object(value: object, depth: int) -> str:
    name = type(value).__name__
    if is_dataclass(value):
        shown = [field for field in fields(value) if field.repr and not field.name.startswith("_")]
        settings = [(field, getattr(value, field.name)) for field in shown]
        return _called(name, [(f.name, v) for f, v in settings if v is not f.default], depth)
    named = getattr(value, "__name__", "")
    known = vars(value) if hasattr(value, "__dict__") else {}
    simple = [
        (key, one)
        for key, one in known.items()
        if not key.startswith("_") and isinstance(one, bool | int | float | str)
    ]
    return _called(named if isinstance(named, str) and named else name, simple, depth)


def _called(name: str, pairs: Sequence[tuple[str, object]], depth: int) -> str:
    """Write a call; without its parameters if it is too deep inside others."""
    if not pairs:
        return name
    if depth >= _DEEPEST:
        return f"{name}(...)"
    values = ((key, describe(value, depth + 1)) for key, value in pairs)
    return f"{name}({', '.join(f'{key}={text}' if key else text for key, text in values)})"
