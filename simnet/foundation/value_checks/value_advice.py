"""What to write in place of a wrong value."""

from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import timedelta
from inspect import signature
from numbers import Real
from types import CoroutineType
from typing import get_args

from simnet.clock import DAY, HOUR, MINUTE, parse_duration
from simnet.foundation.value_checks.named_values import meant, values_of, written


def for_number(value: object) -> str:
    """Advise on what stands in place of a number."""
    if isinstance(value, timedelta):
        return f"give seconds: write {value.total_seconds():g}"
    if not isinstance(value, str):
        return ""
    try:
        seconds = parse_duration(value.strip())
    except ValueError:
        return ""
    if value.strip()[-1:] in {"s", "m", "h", "d"}:
        return f"give seconds: write {_product(seconds)}"
    return f"write {value.strip()} without quotation marks"


def for_rhythm(kind: type, value: str) -> str:
    """Advise on a span of time that stands in place of a rhythm."""
    try:
        seconds = parse_duration(value.strip())
    except ValueError:
        return ""
    return f"write Exponential({_product(seconds)})" if kind.__name__ == "Rhythm" else ""


def for_text(value: object) -> str:
    """Advise on what stands in place of a text."""
    return f"write {str(value)!r}" if isinstance(value, Real) else ""


def for_function(value: object) -> str:
    """Advise on what stands in place of a function."""
    if isinstance(value, CoroutineType):
        value.close()  # Python would warn that it was never awaited
        return f"write {value.__name__}, without (...) after it"
    if isinstance(value, str) and value.isidentifier():
        return f"write {value}, without quotation marks"
    return ""


def for_function_of(kind: type, value: object) -> str:
    """Advise which value of a protocol to give in place of what is no function."""
    if isinstance(value, CoroutineType):
        return for_function(value)
    if isinstance(value, type):
        found = written(kind, value.__name__)
        return found and f"write {found}"
    found = meant(kind, value) if isinstance(value, str) else ""
    known = values_of(kind)
    if found or not known:
        return found or for_function(value)
    own = f"{for_function(value)}, if it is your own, or " if for_function(value) else ""
    return f"{own}give a function ({kind.__name__}), such as {known}"


def for_class(base: type, value: object) -> str:
    """Advise which class to write in place of an object of it, or of the name of a verb."""
    if isinstance(value, base):
        return f"write {type(value).__name__}, without brackets"
    if not isinstance(value, str):
        return ""
    kinds: list[type] = base.__subclasses__()
    own = [one.__name__ for one in kinds if value in {one.__name__, vars(one).get("verb")}]
    found = meant(base, value)
    return found or (f"write {own[0]}, without quotation marks" if own else "")


def for_object(kind: type, value: object) -> str:
    """Advise how to make an object of a class from a value."""
    if isinstance(value, type) and issubclass(value, kind):
        return f"write {value.__name__}(...)"
    if isinstance(value, Mapping):
        return f"write {kind.__name__}(...) with its fields"
    if isinstance(value, str) and kind.__name__ == "Persona":
        return f"write Persona(id={value!r})"
    if isinstance(value, str) and kind.__name__ == "Action":
        return f"to let somebody write that, give Write({value!r})"
    return _of_fields(kind, value) if is_dataclass(kind) else ""


def _of_fields(kind: type, value: object) -> str:
    """Advise how to make an object of which the value is the only field that is needed."""
    fields = signature(kind).parameters.values()
    needed = [one.annotation for one in fields if one.default is one.empty]
    if needed == [float] and is_number(value):
        return f"write {kind.__name__}({value})"
    if isinstance(value, str) and not needed:
        for one in fields:
            for inner in (one.annotation, *get_args(one.annotation)):
                found = written(inner, value) if isinstance(inner, type) else ""
                if found.partition("(")[0] == value:
                    return f"write {kind.__name__}({one.name}={found})"
    return ""


def is_number(value: object) -> bool:
    """Whether a value is a number, and neither true nor false."""
    return isinstance(value, Real) and not isinstance(value, bool)


def _product(seconds: float) -> str:
    for unit, size in (("DAY", DAY), ("HOUR", HOUR), ("MINUTE", MINUTE)):
        if seconds >= size:
            return f"{seconds / size:g} * {unit}"
    return f"{seconds:g}"
