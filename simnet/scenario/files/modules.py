"""Imports the module of a scenario, and locates errors in the user's code."""

import importlib
import importlib.machinery
import importlib.util
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from types import CodeType, ModuleType
from typing import NoReturn

from simnet.errors import ScenarioError, SimnetError, UsageError, UserCodeError
from simnet.foundation.text import did_you_mean
from simnet.foundation.user_code import Place, frame_place
from simnet.scenario.files.import_hints import message_of


def is_file(place: str) -> bool:
    """Whether a place names a file, not a module."""
    return place.endswith(".py") or "/" in place or _exists(Path(place))


def _exists(path: Path) -> bool:
    """Whether there is a file or folder; False for what can be no path, such as a long name."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def folder_of(place: str) -> Path:
    """Return the folder from which a scenario imports what it shares with others."""
    return Path(place).resolve().parent if is_file(place) else Path.cwd()


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Put a folder on the path of imports while a scenario is made."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def import_place(place: str) -> ModuleType:
    """Import a scenario's module; one from a file gets a name of its own in sys.modules.

    Raises UsageError if it does not exist, ScenarioError or the SimnetError it raised if it fails.
    """
    return _import_file(place) if is_file(place) else _import_module(place)


class _SourceLoader(importlib.machinery.SourceFileLoader):
    """Compiles a file each time; neither reads nor writes Python's cache of compiled code.

    That cache takes an edit within the same second that keeps the size for the old file: what
    runs would not be what is recorded. And a command writes nothing beside a scenario.
    """

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code = self.source_to_code(self.get_data(path), path)
        assert isinstance(code, CodeType)
        return code


def _import_file(place: str) -> ModuleType:
    path = Path(place)
    if not _exists(path) or not path.is_file() or path.suffix != ".py":
        raise UsageError(_no_file(path))
    key = blake2b(str(path.resolve()).encode(), digest_size=4).hexdigest()
    name = f"simnet_scenario_{path.stem}_{key}"
    loader = _SourceLoader(name, str(path.resolve()))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (whatever the user's code raises, sys.exit too)
        del sys.modules[name]
        raise_located(error, path)
    return module


def _no_file(path: Path) -> str:
    if not _exists(path):
        files = [str(file) for file in path.parent.glob("*.py")] if _exists(path.parent) else []
        return f"there is no scenario file {path}{did_you_mean(str(path), files)}"
    if path.is_dir():
        return f"{path} is a folder; name a scenario file in it, such as {path}/my_scenario.py"
    return f"{path} is not a Python file; a scenario file ends in .py"


def _import_module(place: str) -> ModuleType:
    if not all(part.isidentifier() for part in place.split(".")):
        raise UsageError(f"{place!r} is neither a Python file nor the name of a module")
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{place}.".startswith(f"{error.name}."):
            raise_located(error, None)  # it was found, and imports another that was not
        stem = place.rpartition(".")[2]
        candidates = (Path("scenarios", f"{stem}.py"), Path(f"{stem}.py"))
        files = [file for file in candidates if file.is_file()]
        instead = f"; did you mean the file {files[0]}?" if files else ""
        raise UsageError(f"there is no file and no module {place!r}{instead}") from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (as above)
        raise_located(error, None)


def modules_to_send(module: ModuleType, folder: Path, before: set[str]) -> tuple[ModuleType, ...]:
    """List the scenario's module and those it imported that are not on the path any more.

    They lie in `folder`, or were not loaded `before`.
    """
    names = sorted(
        name
        for name, loaded in sys.modules.items()
        if (file := getattr(loaded, "__file__", None))
        and (name not in before or Path(file).is_relative_to(folder))
    )
    found = dict.fromkeys([module.__name__, *names])
    return tuple(sys.modules[name] for name in found if not _can_be_imported(name))


def unreachable_modules() -> tuple[ModuleType, ...]:
    """List the modules of this process that no other one can import by their names.

    Those are scenario and study files, and what these imported from beside them. What is installed
    is not looked at.
    """
    paths = sysconfig.get_paths()
    installed = tuple(paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    found = [
        (name, module)
        for name, module in list(sys.modules.items())
        if (file := getattr(module, "__file__", None))
        and name not in {"__main__", "__mp_main__"}
        and not file.startswith(installed)
    ]
    tops = {name.partition(".")[0] for name, _ in found}
    reachable = {top for top in tops if _can_be_imported(top)}
    return tuple(module for name, module in found if name.partition(".")[0] not in reachable)


def _can_be_imported(name: str) -> bool:
    """Whether another process with the same path finds a module of that name."""
    top = name.partition(".")[0]
    return any(finder.find_spec(top, None) for finder in sys.meta_path)


def raise_located(error: BaseException, path: Path | None) -> NoReturn:
    """Raise an error of the user's code again, with its file and line in the message."""
    place = _place(error, path)
    if isinstance(error, UserCodeError):
        raise error  # it has its own place
    if isinstance(error, SimnetError):
        error.args = (f"{place}: {error}",)  # some are made of more than a message
        raise error
    if isinstance(error, SyntaxError):
        raise ScenarioError(f"{place}: this is not Python: {error.msg}") from error
    if isinstance(error, SystemExit):
        raise ScenarioError(f"{place}: the scenario called sys.exit({error.code})") from error
    raise ScenarioError(f"{place}: {message_of(error)}") from error


def _place(error: BaseException, path: Path | None) -> str:
    """Find the last line of the user's own code in a traceback."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(error.filename)}:{error.lineno}"
    place = frame_place(error.__traceback__)
    if place is not None:
        return shown_place(place)
    return _short(str(path)) if path else "while importing it"


def shown_place(place: Place) -> str:
    """Write a line of a file as messages do."""
    return f"{_short(place.file)}:{place.line}"


def _short(filename: str) -> str:
    path = Path(filename).resolve()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
