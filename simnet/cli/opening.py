"""Opens runs by the names that the command line takes."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from simnet.cli.run_names import LATEST
from simnet.errors import UsageError

if TYPE_CHECKING:
    from simnet.recording.reading.run import Run


def open_run(name: str, root: Path) -> "Run":
    """Open a run by its id within `root`, by the path of its folder, or the newest by `latest`.

    The address of a mirror opens a copy of it to read.
    Raises UsageError when there is none, RecordError when it cannot be read.
    """
    from simnet.recording.mirror.downloading import readable  # noqa: PLC0415  (imports pyarrow)
    from simnet.recording.reading.run import Run  # noqa: PLC0415

    return Run.open(readable(name), root)


def open_run_to_change(name: str, root: Path) -> "Run":
    """Open a run beside which something is written; see `open_run`.

    Raises UsageError for the address of a mirror: what was written would be lost with the copy.
    """
    from simnet.recording.mirror.mirror_address import MirrorAddress, is_address  # noqa: PLC0415

    if is_address(name):
        address = MirrorAddress.read(name)
        raise UsageError(
            f"{address} is a mirror, and this writes beside the run; bring it back first: simnet "
            f"mirror pull {quote(str(address))}"
        )
    return open_run(name, root)


def run_folder(name: str, root: Path) -> Path:
    """Find the folder of a run, which may be of an older version, by the names of `open_run`.

    Raises UsageError when there is none.
    """
    from simnet.recording.reading.folders import run_folders  # noqa: PLC0415
    from simnet.recording.reading.run import folder_of  # noqa: PLC0415

    if name == LATEST and (folders := run_folders(root)):
        return folders[-1]
    return folder_of(name, root)
