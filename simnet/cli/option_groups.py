"""Groups of options that several commands have: a dataclass whose fields are options."""

import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any


def expand_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Make a command for typer of a function with groups: each group becomes its options.

    A group is a parameter whose type is a dataclass; the function gets an instance of it.
    """
    parameters: list[inspect.Parameter] = []
    groups: dict[str, tuple[type, list[str]]] = {}
    for parameter in inspect.signature(command).parameters.values():
        if is_dataclass(parameter.annotation) and isinstance(parameter.annotation, type):
            fields = inspect.signature(parameter.annotation).parameters
            groups[parameter.name] = (parameter.annotation, list(fields))
            parameters += fields.values()
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    def call(**values: Any) -> None:
        for name, (group, fields) in groups.items():
            values[name] = group(**{field: values.pop(field) for field in fields})
        command(**values)

    call.__name__, call.__doc__ = command.__name__, command.__doc__
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return call
