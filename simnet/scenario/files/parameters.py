"""Parameters of a scenario given as text: `name=value` becomes a value of the right type.

The parameters of a scenario are those of the function that makes it. A scenario that is a
plain value has a few of its own fields instead.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError

from simnet.clock import Seconds, parse_duration
from simnet.errors import UsageError
from simnet.foundation.text import did_you_mean, without_addresses

REQUIRED = inspect.Parameter.empty

Duration = Annotated[Seconds, "duration"]
"""Seconds that may be written as 6h."""


class Parameter(NamedTuple):
    """One thing that `--set` can set."""

    name: str
    kind: Any
    """Its type: the annotation, or that of its default."""
    default: Any = REQUIRED

    def describe(self) -> str:
        """Write it as in a signature: `personas: int = 9`."""
        declared = f"{self.name}: {_type_name(self.kind)}"
        if self.default is REQUIRED:
            return declared
        return f"{declared} = {plain(self.default)!r}"


def parameters_of(function: Callable[..., Any]) -> list[Parameter]:
    """List what can be set in a call of `function`; `*args` and `**kwargs` cannot."""
    kinds = inspect.Parameter
    return [
        Parameter(name, _kind(parameter), parameter.default)
        for name, parameter in signature_of(function).parameters.items()
        if parameter.kind not in {kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD}
    ]


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """Return a signature with annotations evaluated, or as written if that is impossible."""
    try:
        return inspect.signature(function, eval_str=True)
    except Exception:  # noqa: BLE001  (evaluates what a user wrote)
        return inspect.signature(function)


def split_settings(sets: Sequence[str]) -> dict[str, str]:
    """Split `name=value` texts. Raises UsageError for another form or a name given twice."""
    given: dict[str, str] = {}
    for text in sets:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            raise UsageError(f"--set {text}: write --set name=value")
        if name in given:
            raise UsageError(f"--set {name} is given twice: {given[name]!r} and {value!r}")
        given[name] = value
    return given


def read_settings(
    given: Mapping[str, str], known: Sequence[Parameter], what: str
) -> dict[str, Any]:
    """Convert texts to the types of the parameters of `what`.

    Raises UsageError for an unknown name, with the nearest one and all there are, and for a
    text that is no value of its parameter's type.
    """
    by_name = {parameter.name: parameter for parameter in known}
    for name in given:
        if name not in by_name:
            raise UsageError(_unknown(name, known, what))
    return {name: _converted(by_name[name], text, what) for name, text in given.items()}


def plain(value: object) -> object:
    """Reduce a value to what can be written down: a function or class becomes its name."""
    if value is None or isinstance(value, str | int | float | bool):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return getattr(value, "__qualname__", None) or without_addresses(str(value))


def _kind(parameter: inspect.Parameter) -> Any:
    if parameter.annotation is not REQUIRED and not isinstance(parameter.annotation, str):
        return parameter.annotation
    known = parameter.default is not REQUIRED and parameter.default is not None
    return type(parameter.default) if known else str


def _unknown(name: str, known: Sequence[Parameter], what: str) -> str:
    hint = did_you_mean(name, [parameter.name for parameter in known])
    listed = "".join(f"\n  {parameter.describe()}" for parameter in known)
    offered = f"\nit has:{listed}" if listed else "; it has none"
    return f"--set {name}: {what} has no parameter of that name{hint}{offered}"


def _converted(parameter: Parameter, text: str, what: str) -> Any:
    for choice in _choices(parameter.kind):
        if text == str(choice.value if isinstance(choice, Enum) else choice):
            return choice
    if _allows(parameter.kind, type(None)) and text.strip().casefold() in {"none", "null"}:
        return None
    try:
        return _validated(parameter.kind, text)
    except PydanticSchemaGenerationError:
        raise UsageError(
            f"--set {parameter.name}: {what} takes {_type_name(parameter.kind)} there, which "
            "cannot be written on a command line; set it in Python"
        ) from None
    except (ValidationError, ValueError) as error:
        raise UsageError(
            f"--set {parameter.name}={text}: {text!r} is not {_wanted(parameter.kind)}"
            f"{_why(error)}; {what} has {parameter.describe()}"
        ) from None


def _validated(kind: Any, text: str) -> Any:
    if get_origin(kind) is Annotated and "duration" in get_args(kind)[1:]:
        return parse_duration(text)
    if _is_sequence(kind) and not text.lstrip().startswith("["):
        parts = [part.strip() for part in text.split(",")] if text.strip() else []
        return TypeAdapter(kind).validate_python(parts)
    try:
        adapter = TypeAdapter(kind)
        return adapter.validate_json(text) if _is_sequence(kind) else adapter.validate_python(text)
    except ValidationError:
        # Simulated time is a plain float, so a float may be written as a duration.
        if _allows(kind, float) and text[-1:] in {"s", "m", "h", "d"}:
            return parse_duration(text)
        raise


def _leaves(kind: Any) -> Iterator[Any]:
    """List the members of a union, or the type itself."""
    members = (
        get_args(kind) if get_origin(kind) not in {None, Literal, list, tuple, Sequence} else ()
    )
    if get_origin(kind) is Annotated:
        members = members[:1]
    if not members:
        yield kind
    for member in members:
        yield from _leaves(member)


def _choices(kind: Any) -> Iterator[Any]:
    for leaf in _leaves(kind):
        if get_origin(leaf) is Literal:
            yield from get_args(leaf)
        elif isinstance(leaf, type) and issubclass(leaf, Enum):
            yield from leaf


def _allows(kind: Any, member: type) -> bool:
    return member in _leaves(kind)


def _is_sequence(kind: Any) -> bool:
    return any((get_origin(leaf) or leaf) in {list, tuple, Sequence} for leaf in _leaves(kind))


def _wanted(kind: Any) -> str:
    choices = [repr(plain(choice)) for choice in _choices(kind)]
    if choices:
        return f"one of {', '.join(choices)}"
    words = {int: "a whole number", float: "a number", bool: "true or false"}
    return words.get(kind, f"a value of type {_type_name(kind)}")


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return ""
    return f" ({error})"


def _type_name(kind: Any) -> str:
    if get_origin(kind) is Annotated:
        return str(get_args(kind)[1])
    if get_origin(kind) is Literal:
        return " | ".join(repr(choice) for choice in get_args(kind))
    if get_origin(kind) in {Union, UnionType}:
        return " | ".join(_type_name(member) for member in get_args(kind))
    if kind is type(None):
        return "None"
    if isinstance(kind, type) and get_origin(kind) is None:
        return kind.__name__
    return str(kind).replace("typing.", "").replace("collections.abc.", "")
