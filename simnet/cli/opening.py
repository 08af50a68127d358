"""Opens runs by the names that the command line takes."""

from pathlib import Path
from typing import TYPE_CHECKING

from simnet.cli.options import MANIFEST

if TYPE_CHECKING:
    from simnet.recording.reading.run import Run


def open_run(name: str, root: Path) -> "Run":
    """Open a run by its id within `root`, by the path of its folder, or the newest by `latest`.

    Raises UsageError when there is none, RecordError when it cannot be read.
    """
    from simnet.recording.reading.run import Run  # noqa: PLC0415  (imports pyarrow)

    return Run.open(run_folder(name, root))


def run_folder(name: str, root: Path) -> Path:
    """Find the folder of a run as `open_run` does. Raises UsageError when there is none."""
    from simnet.recording.reading.run import folder_of  # noqa: PLC0415  (imports pyarrow)

    path = Path(name)
    return path if (path / MANIFEST).is_file() else folder_of(name, root)
