"""The values of one field: texts, numbers, and lists that some data sets write as texts."""

import ast
import json
import math
import warnings
from typing import Any

from simnet.personas.persona import Attribute


class FieldError(ValueError):
    """A field holds what it must not. Never leaves this package."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"field `{field}`: {why}")


def text(fields: dict[str, Any], name: str) -> str:
    """Get a text that has to be there."""
    value = fields.get(name)
    if value is None:
        raise FieldError(name, "is missing; every row of this format needs it")
    if not isinstance(value, str):
        raise FieldError(name, f"is {_kind(value)}, not text; put it in quotes")
    if not value.strip():
        raise FieldError(name, "is empty; fill it in or leave the row out")
    return _whole(name, value)


def optional_text(fields: dict[str, Any], name: str) -> str:
    """Get a text that may be missing or empty."""
    return "" if fields.get(name) in (None, "") else text({name: fields[name] or " "}, name)


def listing(fields: dict[str, Any], name: str) -> list[str]:
    """Get a list of texts, also where it is written as a text in JSON or in Python's words."""
    value = fields.get(name)
    if isinstance(value, str):
        value = _parsed(name, value)
    if value is None:
        return []
    if not isinstance(value, list):
        raise FieldError(name, f'is {_kind(value)}, not a list; write ["one", "two"]')
    return [_item(name, one) for one in value]


def attribute(name: str, value: Any) -> Attribute:
    """Make any JSON or Arrow value an attribute; what is nested deeper becomes JSON text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _whole(name, value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise FieldError(name, f"is {value}, which is no number; write null")
        return value
    if isinstance(value, list):
        return [_item(name, one) for one in value]
    if isinstance(value, dict):
        return _whole(name, _json(name, value))
    if isinstance(value, bytes):
        raise FieldError(name, "is binary; store it as text or leave the column out")
    return str(value)


def attributes(fields: dict[str, Any], *, but: frozenset[str]) -> dict[str, Attribute]:
    """Make attributes of all fields but the named."""
    return {
        _whole("name of a field", name): attribute(name, value)
        for name, value in fields.items()
        if name not in but
    }


def _item(name: str, value: Any) -> str:
    if isinstance(value, str):
        return _whole(name, value)
    if isinstance(value, bytes):
        raise FieldError(name, "is binary; store it as text or leave the column out")
    return _whole(name, _json(name, value))


def _json(name: str, value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        raise FieldError(name, "cannot be written as JSON; make it plainer") from None


def _parsed(name: str, written: str) -> Any:
    """Read a list from a text."""
    if not written.strip():
        return None
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        pass
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.literal_eval(written.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        shown = written if len(written) <= 40 else written[:40] + "..."
        raise FieldError(name, f'{shown!r} is not a list; write ["one", "two"]') from None


def _whole(name: str, value: str) -> str:
    """Refuse halves of characters, which can be neither shown nor stored."""
    try:
        value.encode()
    except UnicodeEncodeError:
        shown = name.encode("ascii", "backslashreplace").decode()
        raise FieldError(shown, "holds half a character (a lone surrogate); mend it") from None
    return value


def _kind(value: Any) -> str:
    words = {bool: "true or false", int: "a number", float: "a number", list: "a list"}
    return words.get(type(value), "an object" if isinstance(value, dict) else "something else")
