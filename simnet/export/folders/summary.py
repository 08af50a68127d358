"""What an export wrote."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from simnet.export.folders.set_writer import Configuration


class Exported(NamedTuple):
    """What an export wrote, and what is not in it."""

    folder: Path
    """Where it was written."""
    parts: Mapping[str, Mapping[str, int]]
    """Rows of each part by split; what has no splits has one entry: `rows`, `edges`, `files`."""
    left_out: Mapping[str, int] = MappingProxyType({})
    """How many things are not in it, by cause."""
    notes: Sequence[str] = ()
    """What the reader should know beside."""


def rows_by_split(parts: Sequence[Configuration]) -> dict[str, dict[str, int]]:
    """Count the rows of configurations by split."""
    return {part.name: {side: part.rows[side] for side in part.files} for part in parts}


def empty_side_note(parts: Sequence[Configuration], validation: float) -> list[str]:
    """Say that a split which was asked for has no rows, if it has none."""
    if not validation:
        return []
    total = {side: sum(part.rows[side] for part in parts) for side in ("train", "validation")}
    return [
        f"the split {side} has no rows: there are too few personas or threads for a share of "
        f"{validation:g}; try another --split-seed or --keep-together"
        for side, count in total.items()
        if not count
    ]
