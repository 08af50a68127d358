"""Reads `simnet.toml`: the options of `simnet run` that belong to a project.

The file lies beside the scenario or, where none is there, in the working directory. Its keys are
the arguments of `simnet.run`; the settings of one further model are in a table `models.NAME`.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from simnet.errors import InputError, UsageError
from simnet.foundation.text import did_you_mean, visible
from simnet.foundation.user_code import shown
from simnet.recording.reading.folders import expanded
from simnet.runs.options.project import NO_PROJECT, Project
from simnet.runs.options.project_values import find_fault

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


def project_runs() -> Path | None:
    """Return the folder of runs that the `simnet.toml` in the working directory names, if any.

    Raises InputError if the file cannot be read or what it says of that cannot be.
    """
    return _Reader(Path(FILE)).runs() if Path(FILE).is_file() else None


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
        self._places: dict[tuple[str, str], tuple[str, ...]] = {}
        """Where settings are that are of one model: by argument and name."""

    def runs(self) -> Path | None:
        """Return what `out` says, and check nothing else."""
        if "out" not in self._values:
            return None
        self._kind(self._values["out"], KEYS["out"], ("out",))
        return self._path(self._values["out"], ("out",))

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
            models[name] = self._folder_or_name(table["model"], (*place, "model"))
            own = {key: value for key, value in table.items() if key not in {"model", "engine"}}
            self._places |= {("engine", f"{name}.{key}"): (*place, key) for key in own}
            further = table.get("engine", {})
            self._places |= {
                ("engine", f"{name}.{key}"): (*place, "engine", key) for key in further
            }
            engine |= {f"{name}.{key}": value for key, value in (own | further).items()}
        if models:
            options["models"] = models
        if engine:
            options["engine"] = engine
        self._check_together(options)
        lines = {key: self._line((key,)) for key in self._values}
        for name in options.get("adapters", {}):
            lines[f"adapters.{name}"] = self._line(("adapters", name))
        if engine:  # may be of further models alone
            lines.setdefault("engine", self._line(("models",)))
        return Project(self._file, options, lines)

    def _check_together(self, options: Mapping[str, Any]) -> None:
        if (fault := find_fault(options)) is not None:
            at: tuple[str, ...] = (fault.key,)
            if fault.name is not None:
                at = self._places.get((fault.key, fault.name), (fault.key, fault.name))
            self._refuse(at, f"{'.'.join(at)}: {fault.reason}")

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
        if value == "":
            self._refuse(at, f"{'.'.join(at)} is empty; say something or leave it out")

    def _read(self, key: str, value: Any, at: tuple[str, ...]) -> Any:
        if key == "model":
            return self._folder_or_name(value, at)
        if key == "out":
            return str(self._path(value, at))
        if key in {"adapters", "engines", "agents_on", "engines_on"} and isinstance(value, dict):
            for name, text in value.items():
                self._kind(text, (str,), (*at, name))
        if key == "adapters":
            return {name: str(self._path(folder, (*at, name))) for name, folder in value.items()}
        return value

    def _folder_or_name(self, model: str, at: tuple[str, ...]) -> str:
        """Return the folder of a model, if it is one beside the file, or its name on the hub."""
        path = self._path(model, at)
        return str(path) if path.is_dir() else model

    def _path(self, text: str, at: tuple[str, ...]) -> Path:
        try:
            return (self._file.parent / expanded(text)).resolve()
        except UsageError as error:
            self._refuse(at, f"{'.'.join(at)}: {error}")

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
