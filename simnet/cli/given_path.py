"""Files and folders that a command line names."""

from pathlib import Path

from simnet.errors import UsageError

_HUB = "hub:"
"""What the name of a data set on the Hugging Face hub begins with."""


def check_there(path: Path) -> None:
    """Raise UsageError if there is neither a file nor a folder of this name."""
    if not str(path).startswith(_HUB) and not path.expanduser().exists():
        raise UsageError(f"{path}: there is no such file or folder; check the path")
