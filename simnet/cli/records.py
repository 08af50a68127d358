"""The commands that read run directories: ls, show, export."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from simnet.analysis.show import listing, show
from simnet.errors import RecordError, UsageError
from simnet.export.card import Subset
from simnet.export.sft import export_sft
from simnet.recording.files.manifest import MANIFEST
from simnet.recording.reading.run import Run, run_folders

LATEST = "latest"


def open_run(name: str, root: Path) -> Run:
    """Open a run by its id within `root`, by the path of its folder, or the newest by `latest`.

    Raises UsageError when there is none, RecordError when it cannot be read.
    """
    if name == LATEST:
        return _newest(root)
    if (Path(name) / MANIFEST).is_file():
        return Run.open(Path(name))
    return Run.open(name, root)


def _newest(root: Path) -> Run:
    """Open the run made last; folders that cannot be read are passed over if others can."""
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


def list_all(root: Path, *, as_json: bool) -> None:
    """Print the runs in a folder. Raises UsageError when it is not there."""
    if not root.is_dir():
        raise UsageError(f"there is no folder {root}; runs are in the one given with --runs")
    listing(root, Console(), as_json=as_json)


def print_run(name: str, root: Path, *, limit: int | None, events: bool, who: str | None) -> None:
    """Print the threads or the events of a run."""
    show(open_run(name, root), Console(), limit=limit, events=events, who=who)


def write_sft(
    name: str, root: Path, out: Path, *, force: bool, include_marked: bool, as_json: bool
) -> None:
    """Write the fine-tuning sets of a run and say what is in them."""
    subsets = export_sft(open_run(name, root), out, force=force, include_marked=include_marked)
    if as_json:
        told = {"out": str(out), "subsets": [subset._asdict() for subset in subsets]}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return
    _tell(subsets, out)


def _tell(subsets: Sequence[Subset], out: Path) -> None:
    for subset in subsets:
        left = ", ".join(f"{count} {mark}" for mark, count in subset.left_out.items() if count)
        without = f" (left out: {left})" if left else ""
        sys.stdout.write(f"{subset.name}: {subset.rows:,} rows{without}\n")
    if subsets:
        load = f'datasets.load_dataset("{out}", "{subsets[0].name}")'
        sys.stdout.write(f"written to {out}; load one with {load}\n")
