"""Digests of values with the code in them, to see whether a study is still what it was.

What counts is what a value is made of: plain values, people, and the source of the user's functions
and classes, with those that they use. simnet's functions count by their names and by what they were
made with. Of other objects only dataclasses and models of pydantic count with their values. Lists,
sets and mappings that a function of the user keeps do not count: they may change as it runs.
"""

import hashlib
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from enum import Enum
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np
from pydantic import BaseModel

from simnet.foundation.user_code import is_own, is_users
from simnet.personas.persona import Persona

_PLAIN = (type(None), bool, int, float, complex, str, bytes, range, date, time, timedelta)
_KEPT = (*_PLAIN, np.generic, tuple, frozenset, Enum, FunctionType, MethodType, partial, type)


def code_digest(value: object) -> str:
    """Return a digest of a value and of the code in it, the same in every process."""
    return _Reading().of(value)


class _Reading:
    """One value, in which each function and class is read once."""

    def __init__(self, read: Iterable[int] = ()) -> None:
        self._read = set(read)
        self._within: set[int] = set()

    def of(self, value: object) -> str:
        """Return the digest of a part; a constant of a value that is within itself."""
        if id(value) in self._within:
            return ""
        self._within.add(id(value))
        parts = "\x1f".join(self._parts(value))
        self._within.remove(id(value))
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()

    def _parts(self, value: Any) -> Iterator[str]:
        yield type(value).__qualname__
        if isinstance(value, _PLAIN):
            yield repr(value)
        elif isinstance(value, set | frozenset):
            # each by itself, as what one of them has read would depend on their order
            yield from sorted(_Reading(self._read).of(one) for one in value)
        elif isinstance(value, FunctionType):
            yield from self._of_function(value)
        elif isinstance(value, type):
            yield from self._of_class(value)
        elif (inner := _inside(value)) is not None:
            yield from map(self.of, inner)
        else:
            yield from self._of_class(type(value))
            yield from map(self.of, _fields(value))

    def _of_function(self, function: FunctionType) -> Iterator[str]:
        yield function.__qualname__
        if self._is_known(function):
            return
        is_users_own = is_users(function.__code__.co_filename)
        if is_users_own:
            yield _source(function.__code__)
            yield from self._of_globals(function)
        inner = [cell.cell_contents for cell in function.__closure__ or () if _is_set(cell)]
        given = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values(), *inner]
        for one in given:
            if not is_users_own or isinstance(one, _KEPT) or is_dataclass(one):
                yield self.of(one)

    def _of_class(self, found: type) -> Iterator[str]:
        yield found.__qualname__
        if self._is_known(found) or is_own(found):
            return
        methods = [one for one in vars(found).values() if isinstance(one, FunctionType)]
        yield from (self.of(one) for one in methods if is_users(one.__code__.co_filename))
        yield from map(self.of, found.__bases__)

    def _of_globals(self, function: FunctionType) -> Iterator[str]:
        """Read the user's functions and classes, and the constants, that a function names."""
        for name in sorted(set(_names(function.__code__))):
            value = function.__globals__.get(name)
            is_where = name.startswith("__")  # as `__file__`, which says where the code is
            if isinstance(value, _KEPT) and not is_where:
                yield name
                yield self.of(value)

    def _is_known(self, found: Callable[..., Any]) -> bool:
        known = id(found) in self._read
        self._read.add(id(found))
        return known


def _inside(value: Any) -> Iterable[object] | None:
    """List what is in a value that is made of others; None if it is not known to be."""
    inner: Iterable[object] | None = None
    match value:
        case Mapping():
            inner = (part for item in value.items() for part in item)
        case list() | tuple():
            inner = value
        case partial():
            inner = value.func, value.args, value.keywords
        case MethodType():
            inner = value.__self__, value.__func__
        case Enum():
            inner = (value.name,)
        case np.generic():
            inner = (str(value),)
        case np.ndarray():
            has_objects = value.dtype.hasobject  # of which the bytes are addresses
            values = value.tolist() if has_objects else hashlib.sha256(value.tobytes()).digest()
            inner = str(value.dtype), value.shape, values
        case Persona():
            inner = (value.model_dump_json(),)
    return inner


def _fields(value: object) -> list[object]:
    if isinstance(value, BaseModel):
        return list(value)
    named = fields(value) if is_dataclass(value) else ()
    return [getattr(value, one.name) for one in named if one.compare]


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _names(one)


def _source(code: CodeType) -> str:
    """Return the source of a function; its compiled code where there is no source."""
    try:
        return inspect.getsource(code)
    except (OSError, TypeError):
        constants = [
            _source(one) if isinstance(one, CodeType) else code_digest(one)
            for one in code.co_consts
        ]
        return "\x1f".join([code.co_code.hex(), *code.co_names, *constants])


def _is_set(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018  (an empty cell raises)
    except ValueError:
        return False
    return True
