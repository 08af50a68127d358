"""Engines that are kept up for several runs: their names, and where those of this machine are.

`simnet serve` keeps engines on a Ray cluster. Where it has started Ray itself, it notes address
and token in `temporary_folder()`, which only this user can read, so that runs find it by name.
"""

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, NamedTuple, Self

from simnet.errors import UsageError
from simnet.foundation.leftovers import is_running, temporary_folder
from simnet.inference.backend import Backend, ModelRequest
from simnet.inference.model import Model

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_NOTE = "serving_"


class Serving(NamedTuple):
    """A Ray that a `simnet serve` on this machine has started."""

    name: str
    """Of the engines that it keeps."""
    address: str
    """HOST:PORT of Ray."""
    token: str
    """What Ray asks for."""
    pid: int
    """The process of the command; Ray ends with it."""


def check_name(name: str) -> None:
    """Raise UsageError for a name that engines cannot have."""
    if _NAME.fullmatch(name) is None:
        raise UsageError(
            f"engines cannot be called {name!r}; take letters, digits, `-` and `_`, 64 at most"
        )


def note_serving(address: str, token: str, name: str) -> Path:
    """Note that this process serves engines on a Ray that it has started; return the file."""
    path = temporary_folder() / f"{_NOTE}{name}_{os.getpid()}"
    note = Serving(name, address, token, os.getpid())
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        json.dump(note._asdict(), file)
    return path


def servings() -> list[Serving]:
    """List what is served by processes of this machine and this user, by name."""
    root = temporary_folder()
    if not root.is_dir() or root.stat().st_uid != os.getuid():
        return []
    found = []
    for path in sorted(root.glob(f"{_NOTE}*")):
        with suppress(OSError, ValueError, TypeError):
            note = Serving(**json.loads(path.read_text(encoding="utf-8")))
            if is_running(note.pid, path.stat().st_mtime):
                found.append(note)
    return found


def serving_named(name: str) -> Serving | None:
    """Return who serves the engines of a name on this machine; None if nobody does."""
    return next((one for one in servings() if one.name == name), None)


def address_of(name: str) -> str | None:
    """Return the address of the Ray on this machine that keeps engines of a name; else None."""
    serving = serving_named(name)
    return serving.address if serving is not None else None


def serving_at(address: str) -> Serving | None:
    """Return who has started the Ray at an address; None if that is no `simnet serve` here."""
    return next((one for one in servings() if one.address == address), None)


def environment_address() -> str | None:
    """Return the address in RAY_ADDRESS; None if that is unset, or this machine without Ray."""
    address = os.environ.get("RAY_ADDRESS", "").strip()
    return None if address in {"", "local"} else address


def known_addresses() -> list[str]:
    """List the clusters that this machine knows of: that of RAY_ADDRESS and those served here."""
    served = [serving.address for serving in servings()]
    return list(dict.fromkeys(filter(None, [environment_address(), *served])))


class Asked(NamedTuple):
    """What a run wants of kept engines; None, or nothing, where anything will do."""

    model: str | None = None
    """As the user or the record names it."""
    backend: str | None = None
    checksum: str | None = None
    """Of the files of a recorded model."""
    folders: Mapping[str, str] = MappingProxyType({})
    """The folders of adapters, by their names."""


@dataclass(frozen=True, kw_only=True)
class PendingEngines(Backend):
    """Stands for kept engines in a plan until the cluster has said which model they serve."""

    name: ClassVar[str] = "kept engines"
    needs_process: ClassVar[bool] = True

    engines: str
    """Their name."""
    asked: Asked

    @classmethod
    def choose(cls, request: ModelRequest) -> Self:
        """Raise UsageError: kept engines are named by `--engines`, and are no backend."""
        del request
        raise UsageError("kept engines are no backend; name them with --engines NAME")

    def build(self) -> Model:
        """Raise AssertionError: something else takes its place before a model is built."""
        raise AssertionError(f"the engines {self.engines!r} were not looked up")
