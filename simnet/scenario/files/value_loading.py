"""Loads values such as surveys from Python files that the user names."""

from collections.abc import Mapping
from typing import Any, TypeVar

from simnet.errors import UsageError
from simnet.foundation.text import did_you_mean
from simnet.scenario.files.modules import folder_of, import_place, importable

T = TypeVar("T")


def load_value(target: str, kind: type[T], noun: str) -> T:
    """Load a value from `path/to/file.py` or a module, `:name` after it where there are several.

    Raises UsageError if there is no such value, ScenarioError if the file fails.
    """
    place, _, name = target.partition(":")
    with importable(folder_of(place)):
        found: Mapping[str, Any] = vars(import_place(place))
    values = {
        key: value
        for key, value in found.items()
        if isinstance(value, kind) and not key.startswith("_")
    }
    if name:
        if name not in values:
            raise UsageError(f"{place} has no {noun} {name!r}{did_you_mean(name, values)}")
        return values[name]
    if len(values) != 1:
        several = f"; name one: {', '.join(f'{place}:{key}' for key in values)}" if values else ""
        raise UsageError(f"{place} holds {len(values)} values that are a {noun}{several}")
    return next(iter(values.values()))
