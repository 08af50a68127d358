"""Reads `simnet.toml`: the options of `simnet run` that belong to a project.

The file lies beside the scenario or, where none is there, in the working directory. Its keys are
the arguments of `simnet.run`; the settings of one further model are in a table `models.NAME`.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from simnet.errors import InputError
from simnet.foundation.text import did_you_mean, visible
from simnet.foundation.user_code import shown
from simnet.runs.options.options import ModelOptions, RunOptions

FILE = "simnet.toml"
Kinds = tuple[type, ...]
_NUMBER: Kinds = (int, float)
KEYS: Mapping[str, Kinds] = {
    "model": (str,),
    "models": (dict,),
    "backend": (str,),
    "base_url": (str,),
    "adapters": (dict,),
    "replicas": (int,),
    "engine": (dict,),
    "deadline": _NUMBER,
    "device": (str,),
    "engines": (str, dict),
    "out": (str,),
    "ray": (bool,),
    "address": (str,),
    "agents_on": (str, dict),
    "engines_on": (str, dict),
    "wait_for_resources": (str, int, float),
    "min_replicas": (int,),
    "personas_per_actor": (int, str),
    "max_tokens": (int,),
    "max_calls": (int,),
    "max_minutes": _NUMBER,
    "on_error": (str,),
    "accept_failures": (bool,),
    "force": (bool,),
    "prefetch": (str,),
    "track": (str,),
    "trace_turns": _NUMBER,
}
"""The keys, with the types of their values."""
OF_MODEL: Mapping[str, Kinds] = {
    "model": (str,),
    "replicas": (int,),
    "engine": (dict,),
    "deadline": _NUMBER,
    "device": (str,),
}
"""The keys of a table `models.NAME`."""
_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false",
          dict: "a table"}  # fmt: skip


class Project(NamedTuple):
    """What a file says."""

    file: Path | None
    """None: there is no file."""
    options: Mapping[str, Any]
    """By the names of the arguments of `simnet.run`; paths are absolute."""
    lines: Mapping[str, int]
    """The line of each."""


NO_PROJECT = Project(None, {}, {})


def find_project(target: str) -> Project:
    """Read the file that belongs to a scenario, FILE[:ATTRIBUTE] or MODULE. Raises InputError."""
    path = target.partition(":")[0]
    beside = Path(path).expanduser().parent if path.endswith(".py") else Path()
    for folder in (beside, Path()):
        if (folder / FILE).is_file():
            return read_project(folder / FILE)
    return NO_PROJECT


def project_options(file: Path | str = FILE) -> dict[str, Any]:
    """Return what a `simnet.toml` says, as arguments of `simnet.run`.

    `simnet.run(scenario, **simnet.api.project_options())` uses them all. Raises InputError, with
    file and line, for a key or a value that is wrong, and if there is no such file.
    """
    return dict(read_project(Path(file)).options)


def read_project(file: Path) -> Project:
    """Read one file; see `project_options`."""
    return _Reader(file).read()


class _Reader:
    """Checks one file and says where in it something is wrong."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._text = file.read_text(encoding="utf-8")
            self._values = tomllib.loads(self._text)
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{visible(str(file))} cannot be read: {error}") from error
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{visible(str(file))} is no TOML: {error}") from error

    def read(self) -> Project:
        options: dict[str, Any] = {}
        self._check(self._values, KEYS, ())
        for key, value in self._values.items():
            if key != "models":
                options[key] = self._read(key, value, (key,))
        models: dict[str, Any] = {}
        engine = dict(options.get("engine", {}))
        for name, given in self._values.get("models", {}).items():
            place = ("models", name)
            table: Any = {"model": given} if isinstance(given, str) else given
            self._kind(table, (dict,), place)
            self._check(table, OF_MODEL, place)
            if "model" not in table:
                self._refuse(place, f"the model {name} lacks its key `model`")
            models[name] = self._folder_or_name(table["model"])
            own = {key: value for key, value in table.items() if key not in {"model", "engine"}}
            own |= table.get("engine", {})
            engine |= {f"{name}.{key}": value for key, value in own.items()}
        if models:
            options["models"] = models
        if engine:
            options["engine"] = engine
        lines = {key: self._line((key,)) for key in self._values}
        if engine:  # may be of further models alone
            lines.setdefault("engine", self._line(("models",)))
        return Project(self._file, options, lines)

    def _check(self, table: Mapping[str, Any], keys: Mapping[str, Kinds], at: Any) -> None:
        for key, value in table.items():
            if key not in keys:
                where = f" of {'.'.join(at)}" if at else ""
                close = did_you_mean(key, keys)
                known = "" if close else f"; keys are: {', '.join(keys)}"
                self._refuse((*at, key), f"there is no key {key!r}{where}{close or known}")
            self._kind(value, keys[key], (*at, key))

    def _kind(self, value: object, kinds: Kinds, at: tuple[str, ...]) -> None:
        fits = isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds)
        if not fits:
            words = " or ".join(dict.fromkeys(_WORDS[kind] for kind in kinds))
            self._refuse(at, f"{'.'.join(at)} is {shown(value)}; give {words}")

    def _read(self, key: str, value: Any, at: tuple[str, ...]) -> Any:
        if key == "model":
            return self._folder_or_name(value)
        if key == "out":
            return str(self._path(value))
        if key in {"adapters", "engines", "agents_on", "engines_on"} and isinstance(value, dict):
            for name, text in value.items():
                self._kind(text, (str,), (*at, name))
        if key == "adapters":
            return {name: str(self._path(folder)) for name, folder in value.items()}
        return value

    def _folder_or_name(self, model: str) -> str:
        """Return the folder of a model, if it is one beside the file, or its name on the hub."""
        path = self._path(model)
        return str(path) if path.is_dir() else model

    def _path(self, text: str) -> Path:
        return (self._file.parent / Path(text).expanduser()).resolve()

    def _refuse(self, at: tuple[str, ...], problem: str) -> NoReturn:
        raise InputError(f"{visible(str(self._file))}:{self._line(at)}: {visible(problem)}")

    def _line(self, at: tuple[str, ...]) -> int:
        """Return the line of a key: its own, else that of what it is in, else of its first part."""
        wanted, table, best, part = ".".join(at), "", (0, 1), None
        for number, line in enumerate(self._text.splitlines(), start=1):
            if (head := re.match(r"\s*\[([^\[\]]+)\]", line)) is not None:
                table = _plain(head[1])
                name = table
            elif (head := re.match(r"\s*([\w.\"'-]+)\s*=", line)) is not None:
                name = ".".join(filter(None, (table, _plain(head[1]))))
            else:
                continue
            if wanted == name or wanted.startswith(f"{name}."):
                best = max(best, (len(name), number), key=lambda one: one[0])
            elif part is None and name.startswith(f"{wanted}."):
                part = number
        return best[1] if best[0] or part is None else part


def _plain(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))


def with_project(
    options: RunOptions, project: Project, is_given: Callable[[str], bool]
) -> RunOptions:
    """Return options with those of a project where the user has given none.

    `is_given` tells that of an argument of `simnet.run`. Settings of engines, adapters and further
    models are merged by name. Where the user has chosen another backend or other engines than the
    project, its models and their settings are left aside, and so is its cluster where the user
    wants no Ray.
    """
    said = dict(project.options)
    if options.ray is False and is_given("ray"):
        said.pop("address", None)
    models, fields = options.models, ModelOptions.__dataclass_fields__
    other = is_given("backend") and models.backend != said.get("backend", "vllm")
    if other or is_given("engines"):
        said = {key: value for key, value in said.items() if key not in fields}
    merged: dict[str, Any] = {
        key: {**said[key], **getattr(models, key)}
        for key in ("adapters", "engine", "models")
        if key in said
    }
    own = {key: said[key] for key in fields if key in said and key not in merged}
    own = {key: value for key, value in own.items() if not is_given(key)}
    budget = options.budget
    limits = {
        field: said[key]
        for key, field in (("max_tokens", "tokens"), ("max_calls", "calls"),
                           ("max_minutes", "minutes"))
        if key in said and not is_given(key)
    }  # fmt: skip
    if "accept_failures" in said and not is_given("accept_failures"):
        limits["failures"] = not said["accept_failures"]
    rest: dict[str, Any] = {
        key: Path(value) if key == "out" else value
        for key, value in said.items()
        if key in RunOptions.__dataclass_fields__ and key != "models" and not is_given(key)
    }
    return replace(
        options,
        models=replace(models, **merged, **own),
        budget=budget._replace(**limits),
        **rest,
    )
