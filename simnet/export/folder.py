"""Output folders that appear whole or not at all."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simnet.disk import disk_errors
from simnet.errors import UsageError


@contextmanager
def written_folder(out: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield an empty folder and rename it to `out` when the block ends without an error.

    Raises UsageError if `out` exists and `force` is not set; with `force` it is replaced once the
    new folder is complete. Raises DiskError if the disk is full or cannot be written.
    """
    if out.is_symlink() or (out.exists() and not (force and out.is_dir())):
        raise UsageError(f"{out} exists already; choose another name or pass --force")
    token = secrets.token_hex(4)
    partial = out.with_name(f".{out.name}.{token}.partial")
    with disk_errors(f"writing {out}"):
        partial.mkdir(parents=True)
        try:
            yield partial
            _replace(partial, out, out.with_name(f".{out.name}.{token}.old"))
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _replace(partial: Path, out: Path, old: Path) -> None:
    if not out.exists():
        partial.rename(out)
        return
    out.rename(old)
    partial.rename(out)
    shutil.rmtree(old)
