"""Lists the runs that are mirrored in an object store."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from simnet.cli.output import print_json, print_table
from simnet.foundation.text import visible

HEADINGS = ("run", "state", "mirrored", "seed", "model", "files", "MB")
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def print_mirrors(url: str, *, as_json: bool) -> None:
    """Print the runs that are mirrored below an address. Raises UsageError, RecordError."""
    from simnet.recording.mirror.downloading import mirrored_runs  # noqa: PLC0415
    from simnet.recording.mirror.mirror_address import MirrorAddress  # noqa: PLC0415

    address = MirrorAddress.read(url)
    found = [_summary(name, index) for name, index in mirrored_runs(address)]
    if as_json:
        print_json({"mirror": str(address), "runs": found})
    elif found:
        print_table(
            HEADINGS, [_cells(one) for one in found], numbers=("mirrored", "seed", "files", "MB")
        )
    else:
        typer.echo(f"no mirrors of runs at {address}")


def _summary(name: str, index: Any) -> dict[str, Any]:
    if index is None:
        return {"id": name, "state": "nothing is there yet", "mirrored": None}
    return {
        "id": name,
        "state": index.state,
        "mirrored": index.at.isoformat(),
        "scenario": index.scenario,
        "seed": index.seed,
        "model": index.model,
        "files": len(index.files),
        "bytes": index.bytes,
    }


def _cells(one: dict[str, Any]) -> list[object]:
    if one["mirrored"] is None:
        return [one["id"], one["state"], "", "", "", "", ""]
    since = datetime.now(UTC) - datetime.fromisoformat(one["mirrored"])
    models = ", ".join(visible(Path(name).name) for name in one["model"].split(", "))
    seed = "" if one["seed"] is None else one["seed"]
    return [
        one["id"],
        visible(one["state"]),
        f"{age(since)} ago",
        seed,
        models,
        one["files"],
        f"{one['bytes'] / 1e6:,.1f}",
    ]


def age(since: Any) -> str:
    """Write a span of time in its largest unit."""
    seconds = max(0, int(since.total_seconds()))
    unit, size = next((unit for unit in _UNITS if seconds >= unit[1]), _UNITS[-1])
    return f"{seconds // size} {unit}"
