"""Reads a whole file of text."""

from pathlib import Path

from simnet.errors import InputError


def text_of(path: Path) -> str:
    """Read a file of text in UTF-8. Raises InputError if it cannot be read or is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; check the path") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8; save it as UTF-8") from None
