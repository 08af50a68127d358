"""Names and folders of runs: what an id may be, and which folders of a root are run directories."""

import os
import re
from contextlib import suppress
from pathlib import Path
from shlex import quote

from simnet.errors import RecordError, UsageError, short_path
from simnet.recording.files.manifest import MANIFEST, State, read_manifest

RUNS = Path("runs")
LATEST = "latest"
"""Names the newest run in the place of an id."""
ID_RULES = (
    "an id has letters, digits, '.', '_' and '-', at most 100, no '..' and no '/'; `simnet ls` "
    "lists the runs there are"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(?=/)")
"""How the address of an object store begins; a path with two slashes has lost one of them."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_OF_UNBORN = re.compile(rf"{re.escape(MANIFEST)}|\.{re.escape(MANIFEST)}\.\w+\.partial|scenario")
_DATED = re.compile(r"\d{8}T\d{6}-")
_CREATED = re.compile(r'"created": *"([^"]+)"')


def check_run_id(run_id: str) -> str:
    """Return a run id as it is. Raises UsageError when it could lead out of the run root."""
    if not is_run_id(run_id):
        raise UsageError(f"{run_id!r} is not a run id: {ID_RULES}")
    return run_id


def is_run_id(text: str) -> bool:
    """Whether a text may be the id of a run."""
    return _ID.fullmatch(text) is not None and ".." not in text and text != LATEST


def check_free(root: Path, run_id: str) -> None:
    """Raise UsageError if a root has something of this id, or if it can be none."""
    folder = root / check_run_id(run_id)
    if os.path.lexists(folder) and not is_unborn(folder):
        raise UsageError(
            f"{root / run_id} is there already; choose another run id, or go on with that run: "
            f"simnet resume {run_words(root / run_id)}, or --resume-if-exists"
        )


def is_unborn(folder: Path) -> bool:
    """Whether a folder is what a run left that was killed, or had no room, while it was made.

    Nothing was recorded in it, and the manifest does not say of what it is a run.
    """
    if not folder.is_dir() or folder.is_symlink():
        return False
    names = {path.name for path in folder.iterdir()}
    if not all(map(_OF_UNBORN.fullmatch, names)):
        return False
    if MANIFEST not in names:
        return True
    try:
        manifest = read_manifest(folder)
    except RecordError:
        return False
    return manifest.state is State.CREATED and manifest.scenario is None


def run_words(folder: Path) -> str:
    """Write a run as the words of a command that name it, quoted for a shell."""
    root = short_path(str(folder.parent))
    where = "" if root == str(RUNS) else f" --runs {quote(root)}"
    return f"{quote(folder.name)}{where}"


def expanded(path: str | Path) -> Path:
    """Return a path with `~` replaced.

    Raises UsageError if that is nobody's home, or for an address such as `s3://bucket/runs`.
    """
    if (scheme := _SCHEME.match(str(path))) is not None:
        raise UsageError(
            f"{str(path)!r} is an address, and runs are written to a disk of this machine, where "
            "what was acknowledged stays; name a folder, and keep a copy in the object store with "
            f"--mirror {scheme[0]}//..."
        )
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise UsageError(f"{str(path)!r}: {error}; write the whole path") from error


def is_run_folder(path: Path) -> bool:
    """Whether a folder has a manifest, readable or not; False for what can be no path."""
    return os.path.lexists(path / MANIFEST)


def run_folders(root: str | Path = RUNS) -> list[Path]:
    """List the folders in a root that hold a manifest, the oldest run first.

    Raises UsageError for a root that can be no folder, such as one with too long a name.
    """
    try:
        folders = sorted(path.parent for path in expanded(root).glob(f"*/{MANIFEST}"))
    except OSError as error:
        raise UsageError(f"{root}: {error.strerror}; name the folder that runs are in") from error
    if all(_DATED.match(folder.name) for folder in folders):
        return folders
    return sorted(folders, key=_created)


def _created(folder: Path) -> str:
    """Return when a run was made, in ISO format; from its name if the manifest cannot be read."""
    with suppress(OSError, UnicodeDecodeError):
        found = _CREATED.search((folder / MANIFEST).read_text(encoding="utf-8"))
        if found:
            return found[1]
    name = folder.name
    return f"{name[:4]}-{name[4:6]}-{name[6:11]}" if _DATED.match(name) else ""
