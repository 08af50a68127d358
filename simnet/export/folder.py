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
    """Hand out an empty folder and give it the name `out` when the block ends well.

    Raises UsageError when `out` exists, unless `force` replaces it: then it stays as it was
    until the new one is whole. Raises DiskError when the disk refuses.
    """
    if out.is_symlink() or (out.exists() and not (force and out.is_dir())):
        raise UsageError(f"{out} exists already; choose another name or pass --force")
    token = secrets.token_hex(4)
    partial = out.with_name(f".{out.name}.{token}.partial")
    with disk_errors(f"writing {out}"):
        partial.mkdir(parents=True)
        try:
            yield partial
            _take_place(partial, out, out.with_name(f".{out.name}.{token}.old"))
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _take_place(partial: Path, out: Path, old: Path) -> None:
    if not out.exists():
        partial.rename(out)
        return
    out.rename(old)
    partial.rename(out)
    shutil.rmtree(old)
