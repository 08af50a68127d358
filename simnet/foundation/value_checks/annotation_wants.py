"""What an annotation wants of a value, in words, and what to write in place of a wrong one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from inspect import iscoroutinefunction, signature
from numbers import Integral
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from simnet.foundation.text import counted
from simnet.foundation.user_code import name_of, place_of, shown, source_line
from simnet.foundation.value_checks.named_values import meant
from simnet.foundation.value_checks.value_advice import (
    for_class,
    for_function,
    for_function_of,
    for_number,
    for_object,
    for_rhythm,
    for_text,
    is_number,
)


class Want(NamedTuple):
    """What a value has to be."""

    what: str
    """In words, after `give`."""
    holds: Callable[[object], bool]
    advice: Callable[[object], str] = lambda _: ""
    """What to write in place of a wrong value, if that can be guessed."""


@cache
def _class_want(kind: type) -> Want | None:
    simple = _simple_wants().get(kind)
    if simple is not None or getattr(kind, "_is_protocol", False):
        return simple or _protocol_want(kind)
    name = kind.__name__
    article = "an" if name[:1] in "AEIOU" else "a"
    advice = partial(for_object, kind)
    return Want(f"{article} {name}", lambda value: isinstance(value, kind), advice)


@cache
def _simple_wants() -> dict[type, Want]:
    return {
        bool: Want("True or False", lambda value: isinstance(value, bool)),
        int: Want("a whole number", _is_whole, for_number),
        float: Want("a number", is_number, for_number),
        str: Want("a text", lambda value: isinstance(value, str), for_text),
        NoneType: Want("None", lambda value: value is None),
    }


def _protocol_want(kind: type) -> Want | None:
    members = [name for name in vars(kind) if not name.startswith("_")]
    if "__call__" in vars(kind):
        return _call_want(kind)

    def holds(value: object) -> bool:
        return not isinstance(value, type) and all(_has(value, name) for name in members)

    def advice(value: object) -> str:
        if isinstance(value, type):
            return f"write {value.__name__}(...)"
        if isinstance(value, str):
            return meant(kind, value) or for_rhythm(kind, value)
        if type(value).__module__ == "builtins":
            return ""
        missing = [name for name in members if not _has(value, name)]
        return (
            f"it has no {' or '.join(map(repr, missing))}; a {kind.__name__} has "
            f"{', '.join(members)}"
        )

    example = ", such as Exponential(60.0)" if kind.__name__ == "Rhythm" else ""
    return Want(f"a {kind.__name__.lower()}{example}", holds, advice)


def _call_want(kind: type) -> Want:
    """Want a function that takes what the `__call__` of a protocol takes."""
    names = list(signature(vars(kind)["__call__"]).parameters)[1:]

    def holds(value: object) -> bool:
        if not callable(value) or isinstance(value, type):
            return False
        try:
            signature(value).bind(*names)
        except TypeError:
            return False
        except ValueError:
            return True  # it has no signature that Python can read
        return True

    def advice(value: object) -> str:
        if not _is_function(value):
            return for_function_of(kind, value)
        name, place = name_of(value), place_of(value)
        where = f" ({Path(place.file).name}:{place.line}: {source_line(place)})" if place else ""
        makes = f"; if it makes one that does, write {name}(...)"
        makes = "" if iscoroutinefunction(value) else makes
        count = counted(len(names), "argument")
        return f"{name} does not take {count} ({', '.join(names)}){where}{makes}"

    return Want(f"a function ({kind.__name__})", holds, advice)


def wanted(annotation: Any) -> Want | None:
    """Say what an annotation wants; None if it is not known here."""
    if annotation is Any:  # a class since Python 3.11, of which nothing is an instance
        return None
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, UnionType}:
        return _any_of([wanted(one) for one in arguments])
    if origin is Literal:
        names = ", ".join(map(repr, arguments))
        return Want(f"one of {names}", lambda value: value in arguments)
    if origin is not None and hasattr(origin, "__mro__"):
        return _container_want(origin, arguments)
    if isinstance(annotation, type):
        return _class_want(annotation)
    return None


def _container_want(origin: type, arguments: tuple[Any, ...]) -> Want | None:
    inner = arguments[0] if arguments else None
    want = None
    if origin in {Sequence, list, Iterable} or (origin is tuple and Ellipsis in arguments):
        want = sequence_want(wanted(inner), inner)
    elif issubclass(origin, Mapping):
        want = _mapping_want(*map(wanted, arguments))
    elif origin in {frozenset, set}:
        want = Want("a set, such as {'post'}", lambda value: isinstance(value, frozenset | set))
    elif origin is type:
        base: type = arguments[0]
        what = "a verb class" if base.__name__ == "Action" else f"a class of {base.__name__}"
        want = Want(what, partial(_is_class_of, base), partial(for_class, base))
    elif origin is get_origin(Callable[..., Any]):
        want = Want("a function", _is_function, for_function)
    return want


def _mapping_want(key: Want | None = None, value: Want | None = None) -> Want:
    def first_wrong(mapping: object) -> tuple[Want, object] | None:
        if not isinstance(mapping, Mapping):
            return None
        pairs = [(key, one) for one in mapping] + [(value, one) for one in mapping.values()]
        wrong = ((want, one) for want, one in pairs if want is not None and not want.holds(one))
        return next(wrong, None)

    def holds(mapping: object) -> bool:
        return isinstance(mapping, Mapping) and first_wrong(mapping) is None

    def advice(mapping: object) -> str:
        if value is not None and isinstance(mapping, str | list | tuple) and value.holds(1.0):
            keys = [mapping] if isinstance(mapping, str) else mapping
            texts = all(isinstance(one, str) for one in keys)
            return f"write {shown(dict.fromkeys(keys, 1.0))}" if texts else ""
        found = first_wrong(mapping)
        if found is None:
            return f"write {{{mapping!r}: ...}}" if isinstance(mapping, str) else ""
        want, one = found
        return f"in place of {shown(one)} {want.advice(one) or f'give {want.what}'}"

    return Want("a dictionary", holds, advice)


def _is_class_of(base: type, value: object) -> bool:
    return isinstance(value, type) and issubclass(value, base)


def sequence_want(element: Want | None, inner: Any) -> Want:
    """Want a list; `element` is what its elements have to be, of annotation `inner`."""
    kinds = "" if inner is None else _plural(inner)
    each = f" of {kinds}" if kinds else ""

    def first_wrong(value: object) -> object:
        """Return the first wrong element; a lazy sequence is not made for this."""
        if element is None or not isinstance(value, list | tuple):
            return _NONE
        return next((one for one in value if not element.holds(one)), _NONE)

    def holds(value: object) -> bool:
        return _is_sequence(value) and first_wrong(value) is _NONE

    def advice(value: object) -> str:
        if not _is_sequence(value):
            if element is not None and element.holds(value):
                return "put it into a list: [...]"
            if get_origin(inner) is type:
                return for_class(get_args(inner)[0], value)
            if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
                return "make a list of it: list(...)"
            return ""
        assert element is not None
        wrong = first_wrong(value)
        better = element.advice(wrong) or f"give {element.what}"
        return f"{shown(wrong)} is not {element.what}; {better}"

    return Want(f"a list{each}", holds, advice)


def _any_of(wants: list[Want | None]) -> Want | None:
    """Want one of several things; anything, if one of them is not known."""
    known = [want for want in wants if want is not None]
    if len(known) < len(wants):
        return None
    what = " or ".join(dict.fromkeys(want.what for want in known if want.what))

    def advice(value: object) -> str:
        return next(filter(None, (want.advice(value) for want in known)), "")

    return Want(what, lambda value: any(want.holds(value) for want in known), advice)


_NONE = object()


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_function(value: object) -> bool:
    return callable(value) and not isinstance(value, type)


def _is_sequence(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _has(value: object, name: str) -> bool:
    return hasattr(type(value), name) or hasattr(value, name)


def _plural(kind: Any) -> str:
    """Name things of a kind; a union has no name."""
    name = getattr(kind, "__name__", "")
    plurals = {"": "", "str": "texts", "float": "numbers", "int": "whole numbers"}
    plurals |= {"type": "classes"}
    return plurals.get(name, f"{name}s")
