"""Opens runs by the names that the command line takes."""

from pathlib import Path
from typing import TYPE_CHECKING

from simnet.cli.options import LATEST, MANIFEST
from simnet.errors import RecordError, UsageError

if TYPE_CHECKING:
    from simnet.recording.reading.run import Run


def open_run(name: str, root: Path) -> "Run":
    """Open a run by its id within `root`, by the path of its folder, or the newest by `latest`.

    Raises UsageError when there is none, RecordError when it cannot be read.
    """
    from simnet.recording.reading.run import Run  # noqa: PLC0415  (imports pyarrow)

    return _newest(root) if name == LATEST else Run.open(run_folder(name, root))


def run_folder(name: str, root: Path) -> Path:
    """Find the folder of a run by its id or path. Raises UsageError when there is none."""
    from simnet.recording.reading.run import folder_of  # noqa: PLC0415  (imports pyarrow)

    path = Path(name)
    return path if (path / MANIFEST).is_file() else folder_of(name, root)


def _newest(root: Path) -> "Run":
    """Open the run made last. Folders that cannot be read are skipped if others can."""
    from simnet.recording.reading.run import Run, run_folders  # noqa: PLC0415

    runs, errors = [], []
    for folder in run_folders(root):
        try:
            runs.append(Run.open(folder))
        except RecordError as error:
            errors.append(error)
    if runs:
        return max(runs, key=lambda run: run.manifest.created)
    if errors:
        raise errors[-1]
    raise UsageError(f"there are no runs in {root}; make one with: simnet run SCENARIO")
