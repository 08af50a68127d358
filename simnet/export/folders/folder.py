"""Output folders that appear whole or not at all."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simnet.errors import UsageError
from simnet.foundation.disk import disk_errors
from simnet.recording.schema import TABLES

CARD = "README.md"
"""The data card of an exported folder."""
DATABASE = "oasis.db"
"""The database of an OASIS export."""
DISCUSSIONS = "discussions"
"""The folder of the logs of a SynDisco export."""
ANNOTATED = "annotations"
"""The folder of the logs of annotations in a SynDisco export."""
GRAPHS = ("follows", "replies", "reposts", "likes", "mentions")
"""The graphs of an export of graphs."""
FOLDERS = ("data", DISCUSSIONS, ANNOTATED)
"""Names of the folders in an exported folder."""
FILES = (
    CARD,
    DATABASE,
    *(f"{name}.graphml" for name in GRAPHS),
    *(f"{name}{suffix}" for name in TABLES for suffix in (".csv", ".jsonl")),
)
"""Names of the files in an exported folder, beside those in its folders."""
_TAG = "- simnet"
"""Line in the metadata of the card of every export."""


@contextmanager
def written_folder(out: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield an empty folder and rename it to `out` when the block ends without an error.

    Raises UsageError if `out` exists and `force` is not set. With `force` an empty folder or an
    earlier export is replaced once the new folder is complete; anything else is refused, because
    its files would be lost. Raises DiskError if the disk is full or cannot be written.
    """
    out = out.absolute()
    check_folder(out, force=force)
    token = secrets.token_hex(4)
    partial = out.with_name(f".{out.name}.{token}.partial")
    with disk_errors(f"writing {out}"):
        partial.mkdir(parents=True)
        try:
            yield partial
            _replace(partial, out, out.with_name(f".{out.name}.{token}.old"))
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def check_folder(out: Path, *, force: bool = False) -> None:
    """Raise UsageError if `written_folder` could not write this folder."""
    out = out.absolute()
    if out.is_symlink() or (out.exists() and not (force and out.is_dir())):
        raise UsageError(f"{out} exists already; choose another name or pass --force")
    if out.exists() and not is_export(out):
        raise UsageError(
            f"{out} holds files that no export wrote, and --force would delete them; choose "
            "another name"
        )


def _replace(partial: Path, out: Path, old: Path) -> None:
    if not out.exists():
        partial.rename(out)
        return
    out.rename(old)
    partial.rename(out)
    shutil.rmtree(old)


def is_export(folder: Path) -> bool:
    """Whether a folder is empty or holds an export and nothing else."""
    names = {path.name for path in folder.iterdir()}
    if not names:
        return True
    card = folder / CARD
    if not names <= {*FILES, *FOLDERS} or not card.is_file():
        return False
    return _TAG in card.read_text(encoding="utf-8", errors="replace").splitlines()
