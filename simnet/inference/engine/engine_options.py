"""Settings of engines and endpoints by their names, checked before anything starts.

A name is that of a field of the backend's settings or, with vLLM, of an argument of its engine.
vLLM's arguments are read from its source, because importing it takes many seconds.
"""

import ast
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from simnet.errors import UsageError
from simnet.foundation.text import did_you_mean

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    T = TypeVar("T", bound=DataclassInstance)

NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})
_ELSEWHERE = {
    "model": "choose the model with --model",
    "adapters": "give adapters with --adapter",
    "enable_lora": "give adapters with --adapter",
    "base_url": "give the address with --base-url",
}
"""Settings that have an option of their own."""
_INTERNAL = frozenset({"extra", "served", "name", *_ELSEWHERE})
_SIMPLE: Mapping[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "str": (str,),
    "bool": (bool,),
    "dict": (dict,),
    "list": (list, tuple),
    "tuple": (list, tuple),
    "None": (type(None),),
}
_STRUCTURE = frozenset({"Optional", "Union", "Mapping", "Sequence", "typing", "collections", "abc"})


def with_options(
    settings: "T", options: Mapping[str, Any], further: Mapping[str, str] = NO_OPTIONS
) -> "T":
    """Return settings, a frozen dataclass, with options by name.

    `further` are names of arguments that are kept in the field `extra`, with the text of their
    types. Raises UsageError for an unknown name or a value of another type.
    """
    own = {field.name: _text(field.type) for field in fields(settings)}
    own = {name: kind for name, kind in own.items() if name not in _INTERNAL}
    changes: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name, value in options.items():
        if name in _ELSEWHERE:
            raise UsageError(f"--engine {name}: {_ELSEWHERE[name]}")
        if name in own:
            changes[name] = _converted(name, value, own[name])
        elif name in further:
            extra[name] = _converted(name, value, further[name])
        else:
            known = [*own, *further]
            names = f"; simnet's own names are: {', '.join(own)}"
            hint = did_you_mean(name, known) or names
            raise UsageError(f"--engine {name}: there is no such setting{hint}")
    if extra:
        changes["extra"] = {**getattr(settings, "extra", {}), **extra}
    return replace(settings, **changes)


def refuse_options(backend: str, options: Mapping[str, Any]) -> None:
    """Raise UsageError if settings were given to a backend that has none."""
    if options:
        raise UsageError(
            f"--engine {next(iter(options))}: the backend {backend} has no engine and no deadline"
        )


@cache
def vllm_arguments() -> Mapping[str, str]:
    """Return the arguments of the installed vLLM's engine, each with the text of its type.

    Empty where vLLM is not installed, or where its source does not look as expected.
    """
    spec = importlib.util.find_spec("vllm")
    if spec is None or spec.origin is None:
        return NO_OPTIONS
    source = Path(spec.origin).parent / "engine" / "arg_utils.py"
    if not source.is_file():
        return NO_OPTIONS
    found: dict[str, str] = {}
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name in {"EngineArgs", "AsyncEngineArgs"}:
            for line in node.body:
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                    found[line.target.id] = ast.unparse(line.annotation)
    return MappingProxyType(found)


def _text(kind: Any) -> str:
    return kind.__name__ if type(kind) is type else str(kind)


def _converted(name: str, value: Any, kind: str) -> Any:
    """Return a value as one of its type. Raises UsageError.

    A type that is not made of simple ones, such as an enumeration of vLLM, takes any value: the
    engine checks it.
    """
    words = set(re.findall(r"[A-Za-z_]\w*", kind)) - _STRUCTURE
    allowed = {one for word in words for one in _SIMPLE.get(word, ())}
    if words - set(_SIMPLE) or type(value) in allowed:
        return float(value) if kind == "float" and isinstance(value, int) else value
    if str in allowed and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if int in allowed and isinstance(value, float) and value.is_integer():
        return int(value)
    raise UsageError(f"--engine {name}={value}: give a value of the type {kind}")
