"""`simnet ls` lists the runs in a folder."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from simnet.cli.given_options import is_given
from simnet.cli.mirror.listing import age, print_mirrors
from simnet.cli.options import AsJson, Runs
from simnet.cli.output import print_error, print_json, print_table
from simnet.cli.run_names import RUNS
from simnet.clock import format_time
from simnet.errors import RecordError, UsageError
from simnet.foundation.text import cut, visible

HEADINGS = ("run", "state", "age", "seed", "model", "events", "replies")
"""A run's id says when it was made and of which scenario; what was chosen for it is below it."""
_WIDEST_ID = 40
"""Longest id that is kept on one line, so that the other columns fit too."""


def ls(
    context: typer.Context,
    place: Annotated[
        str | None,
        typer.Argument(metavar="DIR|URL", help="Where the runs, or their mirrors, are."),
    ] = None,
    runs: Runs = RUNS,
    as_json: AsJson = False,
) -> None:
    """List the runs in a folder, the newest last."""
    from simnet.recording.mirror.mirror_address import is_address  # noqa: PLC0415
    from simnet.recording.reading.folders import expanded, run_folders  # noqa: PLC0415  (slow)

    if place is not None and is_given(context, "runs"):
        raise UsageError(f"{place} and --runs {runs}: name one folder")
    root = str(runs) if place is None else place
    if is_address(root):
        print_mirrors(root, as_json=as_json)
        return
    folders = run_folders(root)
    if not folders and not expanded(root).is_dir():
        raise UsageError(
            f"there is no folder {root}; name the one where runs are with --runs, or make a run: "
            "simnet run SCENARIO"
        )
    summaries = [_summary(folder) for folder in folders]
    if as_json:
        print_json({"folder": str(root), "runs": summaries})
    elif summaries:
        rows = [_cells(summary) for summary in summaries]
        longest = max(len(summary["id"]) for summary in summaries)
        unbroken = HEADINGS[0 if longest <= _WIDEST_ID else 1 : 4]
        print_table(HEADINGS, rows, numbers=HEADINGS[2:4] + HEADINGS[5:], unbroken=unbroken)
        for summary in summaries:
            for lack in summary.get("missing", ()):
                print_error(f"note: {summary['id']} is incomplete: {visible(lack)}")
    else:
        typer.echo(f"no runs in {root}")


def _summary(folder: Path) -> dict[str, Any]:
    """Sum up a run; one that cannot be read says why under `error`."""
    from simnet.recording.reading.run import Run  # noqa: PLC0415  (imports pyarrow)

    try:
        run = Run.open(folder)
        summary, facts = run.summary, run.manifest.scenario
    except RecordError as error:
        return {"id": folder.name, "state": "unreadable", "error": str(error)}
    return {
        **summary._asdict(),
        "created": summary.created.isoformat(),
        "sets": list(facts.sets) if facts else [],
        "parent": run.manifest.parent,
        "parent_until": run.manifest.parent_until,
    }


def _cells(summary: dict[str, Any]) -> list[object]:
    if "error" in summary:
        return [summary["id"], summary["state"], "", "", summary["error"], "", ""]
    state = f"{summary['state']}, incomplete" if summary["missing"] else summary["state"]
    models = ", ".join(Path(name).name for name in summary["model"].split(", "))
    seed = "" if summary["seed"] is None else summary["seed"]
    return [
        "\n".join([summary["id"], *_details(summary)]),
        state,
        age(datetime.now(UTC) - datetime.fromisoformat(summary["created"])),
        seed,
        models,
        summary["events"],
        summary["replies"],
    ]


def _details(summary: dict[str, Any]) -> list[str]:
    """List the arm of a run, the parameters that were set and, of a fork, where it is from.

    Settings are cut to the length of the run's id.
    """
    settings = {"arm": summary["arm"]} if summary["arm"] else {}
    chosen = [one.partition("=")[0] for one in summary["sets"]]
    settings |= {name: summary["parameters"].get(name) for name in chosen}  # one may be the arm
    parts = [f"{name}={value}" for name, value in settings.items()]
    lines = [f"  {cut(visible(part), max(20, len(summary['id']) - 2))}" for part in parts]
    if summary["parent"] is not None:
        lines += [f"  fork at {format_time(summary['parent_until'])} of", f"  {summary['parent']}"]
    return lines
