"""Digests of values with the code in them, to see whether a study is still what it was.

What counts is what a value is made of: plain values, people, and the source of the user's functions
and classes, with those that they use, in modules of the user's too. simnet's functions count by
their names and by what they were made with. Objects count with their values if they are
dataclasses, models of pydantic or of the user's classes, others by their classes. What may change
as code runs does not count: lists, sets and mappings that a function keeps, names that one assigns.
"""

import dis
import hashlib
import inspect
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from enum import Enum
from functools import cache, cached_property, partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
from pydantic import BaseModel

from simnet.foundation.user_code import is_own, is_users
from simnet.personas.persona import Persona

_PLAIN = (type(None), bool, int, float, complex, str, bytes, range, date, time, timedelta)
_CACHED = type(cache(lambda: None))
_KEPT = (
    *_PLAIN, np.generic, tuple, frozenset, Enum, FunctionType, MethodType, partial, type, _CACHED
)  # fmt: skip
_MAKERS = frozenset({"__init__", "__new__", "__post_init__", "__setstate__"})
"""Methods that assign the attributes of an object as it is made."""
_GLOBAL, _CELL, _ATTRIBUTE = "STORE_GLOBAL", "STORE_DEREF", "STORE_ATTR"
_SETTERS = frozenset({"setattr", "__setattr__", "delattr", "__delattr__"})
"""Functions that assign an attribute whose name they are given."""


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
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        assigned = _stored(function.__code__, _CELL)
        inner = [
            cell.cell_contents for name, cell in cells if name not in assigned and _is_set(cell)
        ]
        given = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values(), *inner]
        for one in given:
            if not is_users_own or _counts(one):
                yield self.of(one)

    def _of_class(self, found: type) -> Iterator[str]:
        yield found.__qualname__
        if self._is_known(found) or is_own(found):
            return
        methods = _methods(found)
        yield from (self.of(one) for one in methods if is_users(one.__code__.co_filename))
        if _is_users_class(found):
            values = {name for name, one in vars(found).items() if not inspect.isfunction(one)}
            yield from self._of_names(vars(found), values - _assigned_attributes(found))
        yield from map(self.of, found.__bases__)

    def _of_globals(self, function: FunctionType) -> Iterator[str]:
        """Read the user's functions and classes, and the constants, that a function names."""
        code = function.__code__
        named = set(_names(code)) - _stored(code, _GLOBAL)
        yield from self._of_names(function.__globals__, named, named - _stored(code, _ATTRIBUTE))

    def _of_names(
        self,
        space: Mapping[str, Any],
        named: Collection[str],
        within: Collection[str] = (),
        above: tuple[ModuleType, ...] = (),
    ) -> Iterator[str]:
        """Read what is `named` of a namespace, and `within` its modules that are the user's."""
        for name in sorted(set(named) & space.keys() - _assigned_globals(space)):
            value = space[name]
            if name.startswith("__"):  # as `__file__`, which says where the code is
                continue
            if isinstance(value, ModuleType):
                if _is_users_module(value) and value not in above:
                    yield name
                    yield from self._of_names(vars(value), within, within, (*above, value))
            elif _counts(value):
                yield name
                yield self.of(value)

    def _is_known(self, found: object) -> bool:
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
        case _CACHED():
            inner = (value.__wrapped__,)
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
    if is_dataclass(value):
        changing = set() if _is_frozen(value) else _assigned_attributes(type(value))
        named = [one.name for one in fields(value) if one.compare and one.name not in changing]
        return [getattr(value, name) for name in named]
    if not _is_users_class(type(value)):
        return []
    kept = getattr(value, "__dict__", {})
    constant = sorted(kept.keys() - _assigned_attributes(type(value)))
    return [part for name in constant if _counts(kept[name]) for part in (name, kept[name])]


def _counts(value: object) -> bool:
    """Whether a value that code keeps counts: it is not one that changes as the code runs."""
    return isinstance(value, _KEPT) or is_dataclass(value) or _is_users_class(type(value))


def _methods(found: type) -> list[FunctionType]:
    """List the functions of a class, in the order of their definition."""
    listed: list[object] = []
    for one in vars(found).values():
        match one:
            case staticmethod() | classmethod():
                listed.append(one.__func__)
            case property():
                listed += [one.fget, one.fset]
            case cached_property():
                listed.append(one.func)
            case _:
                listed.append(one)
    return [one for one in listed if isinstance(one, FunctionType)]


def _is_users_class(found: type) -> bool:
    module = sys.modules.get(found.__module__)
    return not is_own(found) and (
        any(is_users(one.__code__.co_filename) for one in _methods(found))
        or (module is not None and _is_users_module(module))
    )


def _is_users_module(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return module.__name__ == "__main__" if file is None else is_users(file)


def _is_frozen(value: Any) -> bool:
    return bool(value.__dataclass_params__.frozen)


def _assigned_attributes(found: type) -> set[str]:
    """Name the attributes of objects of a class that may be assigned after they were made."""
    names = set()
    for one in found.__mro__:
        names |= {name for name, value in vars(one).items() if isinstance(value, cached_property)}
        for method in _methods(one):
            if is_users(method.__code__.co_filename):
                outside = [it for it in method.__globals__.values() if inspect.isfunction(it)]
                names |= _stored_by(outside, _ATTRIBUTE)
                names |= (
                    _stored_by([method], _ATTRIBUTE) if method.__name__ not in _MAKERS else set()
                )
    return names


def _assigned_globals(space: Mapping[str, Any]) -> set[str]:
    """Name the globals of a module that its functions, methods and measures assign."""
    found: list[FunctionType] = []
    for one in list(space.values()):
        if isinstance(one, FunctionType):
            found.append(one)
        elif isinstance(one, type):
            found += _methods(one)
        elif is_dataclass(one):  # as a measure is
            kept = getattr(one, "__dict__", {})
            found += [value for value in kept.values() if inspect.isfunction(value)]
    return _stored_by(found, _GLOBAL)


def _stored_by(functions: Iterable[FunctionType], how: str) -> set[str]:
    users = (one.__code__ for one in functions if is_users(one.__code__.co_filename))
    return {name for code in users for name in _stored(code, how)}


@cache
def _stored(code: CodeType, how: str) -> frozenset[str]:
    names = {one.argval for one in dis.get_instructions(code) if one.opname == how}
    if how == _ATTRIBUTE and not _SETTERS.isdisjoint(code.co_names):
        names |= {one for one in code.co_consts if isinstance(one, str)}  # any may be its name
    inner = [_stored(one, how) for one in code.co_consts if isinstance(one, CodeType)]
    return frozenset(names.union(*inner))


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
