"""Advice on runs that ended early."""

from simnet.recording.reading.folders import RUNS
from simnet.recording.writing.run_directory import RunDirectory


def how_to_go_on(directory: RunDirectory) -> str:
    """Say how a run goes on, with the command."""
    root = directory.path.parent
    where = "" if str(root) == str(RUNS) else f" --runs {root}"
    return f"go on with: simnet resume {directory.path.name}{where}"
