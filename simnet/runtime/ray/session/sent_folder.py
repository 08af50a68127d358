"""The copy of a scenario's folder, with this simnet, that is sent along with a job of Ray."""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from simnet.errors import UsageError
from simnet.foundation.text import counted
from simnet.recording.files.manifest import MANIFEST

EXCLUDED = frozenset(
    {".git", ".venv", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
)
"""Folders that are not sent along; records of runs are not either."""
IGNORE_FILES = frozenset({".gitignore", ".rayignore"})
"""Files that say what is not sent. They hold for their own folder, and not for this simnet."""
_PACKAGE = Path(__file__).parents[3]
_CACHES = shutil.ignore_patterns("__pycache__")
_MEGABYTE = 1_000_000
Rules: TypeAlias = Sequence[Callable[[Path], bool]]


def stage(folder: Path, staged: Path) -> Sequence[str]:
    """Copy a scenario's folder and, unless that has one, this simnet to a new folder.

    Returns what was left out because of ignore files. Raises UsageError for what cannot be read.
    """
    unsent = _Unsent(folder)
    try:
        shutil.copytree(
            folder, staged, ignore=unsent, dirs_exist_ok=True, ignore_dangling_symlinks=True
        )
    except shutil.Error as error:
        (path, _, why), *more = error.args[0]
        rest = f", and {counted(len(more), 'other file')}" if more else ""
        raise UsageError(
            f"{path}, which is beside the scenario, cannot be sent along{rest}: {why}; move the "
            "scenario to a folder of its own, or name the file in a .rayignore there"
        ) from error
    if not (staged / _PACKAGE.name).exists():
        shutil.copytree(_PACKAGE, staged / _PACKAGE.name, ignore=_CACHES)
    return unsent.left_out


def too_large(staged: Path) -> str:
    """Say that a copy is larger than the head takes, and which files make it so."""
    files = sorted((file.stat().st_size, file) for file in staged.rglob("*") if file.is_file())
    largest = ", ".join(
        f"{file.relative_to(staged)} ({size / _MEGABYTE:,.0f} MB)" for size, file in files[:-4:-1]
    )
    return (
        "what lies beside the scenario is more than the head takes with a job; the largest files "
        f"are {largest}. Name what the job does not need in a .rayignore there, in the notation of "
        ".gitignore, and keep data where the nodes see it"
    )


class _Unsent:
    """Names what is not sent: caches, environments, records of runs and what ignore files name."""

    def __init__(self, root: Path) -> None:
        self.left_out: list[str] = []
        self._root = root.absolute()
        self._rules: dict[Path, Rules] = {}

    def __call__(self, folder: str, names: list[str]) -> set[str]:
        here = Path(folder).absolute()
        rules = self._rules[here] = [*self._rules.get(here.parent, ()), *_rules_of(here)]
        found = {name for name in names if name in EXCLUDED or name.endswith(".pyc")}
        found |= {name for name in names if name in IGNORE_FILES or _never_ends(here / name)}
        found |= {name for name in names if (here / name / MANIFEST).exists()}
        ignored = {name for name in names if any(rule(here / name) for rule in rules)} - found
        self.left_out += sorted(str((here / name).relative_to(self._root)) for name in ignored)
        return found | ignored


def _rules_of(folder: Path) -> Rules:
    from ray._private.runtime_env.packaging import (  # noqa: PLC0415 - slow
        get_excludes_from_ignore_files,
    )

    git = os.environ.get("RAY_RUNTIME_ENV_IGNORE_GITIGNORE", "0") != "1"
    rules: Rules = get_excludes_from_ignore_files(folder, include_gitignore=git)
    return rules


def _never_ends(path: Path) -> bool:
    """Whether a link leads to a folder that it is in."""
    return (
        path.is_symlink() and path.is_dir() and path.parent.resolve().is_relative_to(path.resolve())
    )
