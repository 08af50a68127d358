"""Objects in JSON and YAML files, read field by field; errors name the file, line and field."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import yaml

from simnet.datafiles.whole_text import text_of
from simnet.errors import InputError
from simnet.foundation.text import did_you_mean

YAML_FILES = frozenset({".yaml", ".yml"})
_REQUIRED: Any = object()


class Fields:
    """An object of a file, and where in the file it is."""

    def __init__(
        self,
        values: Mapping[str, Any],
        source: str = "settings",
        path: tuple[str | int, ...] = (),
        written: str = "",
    ) -> None:
        """Take the object, the name of the file, the way to it in there, and the file's text."""
        self.values = values
        self.source = source
        self.path = path
        self._written = written

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def wrong(self, name: str | int, why: str) -> NoReturn:
        """Raise InputError about a field."""
        path = (*self.path, name)
        line = line_of(self._written, path)
        at = "" if line is None else f", line {line}"
        raise InputError(f"{self.source}{at}: field `{_written_path(path)}` {why}")

    def only(self, names: Iterable[str]) -> None:
        """Raise InputError if there is a field of another name."""
        known = list(names)
        for name in self.values:
            if name not in known:
                hint = did_you_mean(str(name), known)
                self.wrong(str(name), f"is none that SynDisco has here{hint}")

    def first(self, *names: str) -> str:
        """Return the first of some names that is there, else the first."""
        return next((name for name in names if name in self), names[0])

    def text(self, name: str, default: str = _REQUIRED) -> str:
        """Return a text."""
        value = self._value(name, default)
        if not isinstance(value, str):
            self.wrong(name, f"is {kind_of(value)}, not a text; put it in quotes")
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of texts; none if it is missing."""
        value = self._value(name, [])
        if not isinstance(value, list):
            self.wrong(name, f'is {kind_of(value)}, not a list; write ["one", "two"]')
        for place, one in enumerate(value):
            if not isinstance(one, str):
                self.within(name).wrong(place, f"is {kind_of(one)}, not a text")
        return value

    def whole(self, name: str, default: int, least: int = 1) -> int:
        """Return a whole number."""
        value = self._value(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self.wrong(name, f"is {value!r:.40}; give a whole number, {least} or more")
        return value

    def share(self, name: str, default: float) -> float:
        """Return a number from 0 to 1."""
        value = self._value(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            self.wrong(name, f"is {value!r:.40}; give a probability, 0 to 1")
        return float(value)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._value(name, default)
        if not isinstance(value, bool):
            self.wrong(name, f"is {kind_of(value)}; write true or false")
        return value

    def object(self, name: str) -> "Fields":
        """Return an object; an empty one if it is missing."""
        value = self._value(name, {})
        if not isinstance(value, dict):
            self.wrong(name, f"is {kind_of(value)}, not an object in braces")
        return Fields(value, self.source, (*self.path, name), self._written)

    def objects(self, name: str) -> Iterator["Fields"]:
        """Yield the objects of a list."""
        value = self._value(name, [])
        if not isinstance(value, list):
            self.wrong(name, f"is {kind_of(value)}, not a list of objects")
        for place, one in enumerate(value):
            if not isinstance(one, dict):
                self.within(name).wrong(place, f"is {kind_of(one)}, not an object in braces")
            yield self.inner(name, place, one)

    def inner(self, name: str, place: int, values: Mapping[str, Any]) -> "Fields":
        """Return an object of a list."""
        return Fields(values, self.source, (*self.path, name, place), self._written)

    def within(self, name: str) -> "Fields":
        """Return the place of what is in a field, to tell of an error there."""
        return Fields({}, self.source, (*self.path, name), self._written)

    def _value(self, name: str, default: Any) -> Any:
        value = self.values.get(name)
        if value is None:
            if default is _REQUIRED:
                self.wrong(name, "is missing")
            return default
        return value


def load_fields(file: Path | str) -> Fields:
    """Read the object in a JSON or YAML file. Raises InputError, with the line, for another."""
    path = Path(file)
    written = text_of(path)
    value = parsed(path, written)
    if not isinstance(value, dict):
        raise InputError(f"{path} holds {kind_of(value)}, not an object in braces")
    return Fields(value, str(path), (), written)


def parsed(path: Path, written: str) -> Any:
    """Parse JSON, or YAML if the file is called so. Raises InputError with the line."""
    try:
        if path.suffix in YAML_FILES:
            return yaml.safe_load(written)
        return json.loads(written)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}: no JSON: {error.msg}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f", line {mark.line + 1}" if mark is not None else ""
        why = getattr(error, "problem", None) or "it cannot be read"
        raise InputError(f"{path}{at}: no YAML: {why}") from None
    except (RecursionError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None


def line_of(written: str, path: tuple[str | int, ...]) -> int | None:
    """Find the line of a field in a file of JSON or YAML, or of the last object on the way to it.

    JSON is read as the YAML that it is, because that parser keeps places; None where it cannot.
    """
    try:
        node = yaml.compose(written, yaml.SafeLoader) if written else None
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    if node is None:
        return None
    line: int = node.start_mark.line
    for step in path:
        found = _child(node, step)
        if found is None:
            break
        line, node = found
    return line + 1


def _child(node: Any, step: str | int) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line, node.value[step]
    return None


def _written_path(path: tuple[str | int, ...]) -> str:
    parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(parts).removeprefix(".")


def kind_of(value: object) -> str:
    """Name the kind of a value of JSON."""
    words = {bool: "true or false", int: "a number", float: "a number", list: "a list"}
    words |= {str: "a text", dict: "an object", type(None): "nothing"}
    return words.get(type(value), "something else")
