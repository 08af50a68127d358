"""Reads the values of fields: texts, numbers, and lists that some data sets write as text."""

import ast
import json
import math
import re
import warnings
from typing import Any

from simnet.personas.persona import Attribute

_MISSING = frozenset({"nan", "NaN"})
_WHOLE = re.compile(r"-?\d+\.0")


class FieldError(ValueError):
    """A field has an invalid value. Callers outside this package see PersonaError instead."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"field `{field}`: {why}" if field else why)


def text(fields: dict[str, Any], name: str) -> str:
    """Return a text that is required. Raises FieldError if it is missing or empty."""
    value = fields.get(name)
    if value is None:
        raise FieldError(name, "is missing; every row of this format needs it")
    if not isinstance(value, str):
        raise FieldError(name, f"is {_kind(value)}, not text; {_mend_text(value)}")
    if not value.strip():
        raise FieldError(name, "is empty; fill it in or leave the row out")
    return _without_surrogates(name, value)


def _mend_text(value: Any) -> str:
    """Say how a value becomes text, without a loss of what is in it."""
    if isinstance(value, dict | list):
        return (
            "leave the file as it is and name the column that says who they are, "
            "with --map description=COLUMN"
        )
    return "put it in quotes"


def optional_text(fields: dict[str, Any], name: str) -> str:
    """Return a text; empty if it is missing."""
    return "" if fields.get(name) in (None, "") else text({name: fields[name] or " "}, name)


def listing(fields: dict[str, Any], name: str) -> list[str]:
    """Return a list of texts, also if it is written as text in JSON or Python syntax."""
    value = fields.get(name)
    if isinstance(value, str):
        value = _parsed(name, value)
    if value is None:
        return []
    if not isinstance(value, list):
        raise FieldError(name, f'is {_kind(value)}, not a list; write ["one", "two"]')
    return [_item(name, one) for one in value]


def attribute(name: str, value: Any) -> Attribute:
    """Convert a JSON or Arrow value to an attribute; nested values become JSON text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _without_surrogates(name, value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise FieldError(name, f"is {value}, which is no number; write null")
        return value
    if isinstance(value, list):
        return [_item(name, one) for one in value]
    if isinstance(value, dict):
        return _without_surrogates(name, _json(name, value))
    if isinstance(value, bytes):
        raise FieldError(name, "is binary; store it as text or leave the column out")
    return str(value)


def cell(written: str) -> str | None:
    """Read a cell of a CSV file as pandas writes it: `41.0` is 41, `nan` and `NaN` are nothing."""
    if written in _MISSING:
        return None
    is_whole = written.endswith(".0") and _WHOLE.fullmatch(written)
    return written.removesuffix(".0") if is_whole else written


def prose(*parts: Any) -> str:
    """Join texts, and lists of texts, to one description; what is empty is left out."""
    texts = [one for part in parts for one in (part if isinstance(part, list) else [part])]
    found = [one.strip() for one in texts if isinstance(one, str) and one.strip()]
    ended = [one if one.endswith((".", "!", "?")) else f"{one}." for one in found[:-1]]
    return " ".join([*ended, *found[-1:]])


def identifier(fields: dict[str, Any], name: str) -> str:
    """Return an id as text; whole numbers are converted. Raises FieldError if it is missing."""
    value = fields.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(attribute(name, value))
    return text(fields, name).strip()


def optional_identifier(fields: dict[str, Any], *names: str) -> str | None:
    """Return the first id there is, None if all are missing or empty."""
    for name in names:
        if fields.get(name) not in (None, ""):
            return identifier(fields, name)
    return None


def flattened(fields: dict[str, Any], *, within: str = "") -> dict[str, Any]:
    """Give parts of nested objects names of their own, such as `occupation_title`.

    Objects in lists become texts such as `name: Bo; job: cook`.
    """
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        full = f"{within}_{name}" if within else str(name)
        if isinstance(value, dict):
            flat |= flattened(value, within=full)
        elif isinstance(value, list):
            flat[full] = [_told(one) if isinstance(one, dict) else one for one in value]
        else:
            flat[full] = value
    return flat


def _told(value: dict[str, Any]) -> str:
    parts = flattened(value).items()
    return "; ".join(f"{name.replace('_', ' ')}: {one}" for name, one in parts if one)


def attributes(fields: dict[str, Any], *, but: frozenset[str]) -> dict[str, Attribute]:
    """Convert all fields but those in `but` to attributes."""
    return {
        _without_surrogates("name of a field", name): attribute(name, value)
        for name, value in fields.items()
        if name not in but
    }


def _item(name: str, value: Any) -> str:
    if isinstance(value, str):
        return _without_surrogates(name, value)
    if isinstance(value, bytes):
        raise FieldError(name, "is binary; store it as text or leave the column out")
    return _without_surrogates(name, _json(name, value))


def _json(name: str, value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        raise FieldError(name, "cannot be written as JSON; make it plainer") from None


def _parsed(name: str, written: str) -> Any:
    """Parse a list that is written as text."""
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


def _without_surrogates(name: str, value: str) -> str:
    """Raise FieldError for lone surrogates, which cannot be encoded."""
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        shown = name.encode("ascii", "backslashreplace").decode()
        raise FieldError(shown, "holds half a character (a lone surrogate); mend it") from None
    return value


def _kind(value: Any) -> str:
    words = {bool: "true or false", int: "a number", float: "a number", list: "a list"}
    return words.get(type(value), "an object" if isinstance(value, dict) else "something else")
