"""`simnet ls` lists the runs in a folder."""

from pathlib import Path
from typing import Annotated, Any

import typer

from simnet.cli.options import RUNS, AsJson
from simnet.cli.output import print_json, print_table
from simnet.errors import RecordError, UsageError

HEADINGS = ("run", "state", "model", "events", "replies")
"""A run's id says when it was made and of which scenario; these columns fit 80 characters."""


def ls(
    root: Annotated[Path, typer.Argument(metavar="DIR", help="Where the runs are.")] = RUNS,
    as_json: AsJson = False,
) -> None:
    """List the runs in a folder, the newest last."""
    from simnet.recording.reading.run import run_folders  # noqa: PLC0415  (imports pyarrow)

    if not root.is_dir():
        raise UsageError(f"there is no folder {root}; runs are in the one given with --runs")
    summaries = [_summary(folder) for folder in run_folders(root)]
    if as_json:
        print_json(summaries)
    elif summaries:
        rows = [_cells(summary) for summary in summaries]
        print_table(HEADINGS, rows, numbers=HEADINGS[3:], unbroken=HEADINGS[:2])
    else:
        typer.echo(f"no runs in {root}")


def _summary(folder: Path) -> dict[str, Any]:
    """Sum up a run; one that cannot be read says why under `error`."""
    from simnet.recording.reading.run import Run  # noqa: PLC0415  (imports pyarrow)

    try:
        summary = Run.open(folder).summary
    except RecordError as error:
        return {"id": folder.name, "state": "unreadable", "error": str(error)}
    return {**summary._asdict(), "created": summary.created.isoformat()}


def _cells(summary: dict[str, Any]) -> list[object]:
    model = summary.get("error") or Path(summary.get("model", "")).name
    counts = (summary.get("events", ""), summary.get("replies", ""))
    return [summary["id"], summary["state"], model, *counts]
