"""Networks from files: pairs of handles, follower first."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simnet.arguments import checked
from simnet.errors import InputError
from simnet.scenario.networks.arrays import Edges, TieBuilder
from simnet.text import did_you_mean

COLUMNS = (
    ("follower", "followee"),
    ("source", "target"),
    ("from", "to"),
    ("follower_id", "followee_id"),
)
"""Headings of pairs, as people name them; without any of these the first two columns count."""
NAMES = ("handle", "id", "label", "name")
"""Data of a GraphML node that may hold its handle, before the node's own id."""


class _Pair(NamedTuple):
    follower: str
    followee: str
    where: str
    """Which line, row or edge of the file it is."""


@checked
def edges(path: Path | str) -> TieBuilder:
    """Read who follows whom from a CSV (or TSV), Parquet or GraphML file.

    CSV and Parquet: columns `follower` and `followee`, `source` and `target` or `from` and
    `to`, else the first two; a leading `@` is dropped. GraphML: edges between nodes; the handle
    of a node is its data `handle`, else its id if that is one, else its `label` or `name`;
    undirected edges go both ways.

    Raises InputError, naming file and line, for a file that cannot be read and a handle that
    nobody has.
    """
    file = Path(path)
    readers = {".csv": _csv, ".tsv": _csv, ".parquet": _parquet, ".graphml": _graphml}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise InputError(
            f"{file}: a network is a .csv, .tsv, .parquet or .graphml file, not {file.suffix!r}"
        )
    if not file.is_file():
        raise InputError(f"{file}: there is no such file")

    def build(handles: Sequence[str], seed: int) -> Edges:
        index = {handle: position for position, handle in enumerate(handles)}
        found = [
            (
                _known(file, pair.follower, pair.where, index),
                _known(file, pair.followee, pair.where, index),
            )
            for pair in reader(file, index)
        ]
        table = np.array(found, np.int32).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    return build


def _known(file: Path, handle: str, where: str, index: dict[str, int]) -> int:
    position = index.get(handle)
    if position is None:
        position = index.get(handle.strip().removeprefix("@"))
    if position is None:
        hint = did_you_mean(handle, index)
        raise InputError(f"{file}: {where}: there is no @{handle} in the scenario{hint}")
    return position


def _csv(file: Path, index: dict[str, int]) -> Iterator[_Pair]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.reader(stream, delimiter="\t" if file.suffix.lower() == ".tsv" else ",")
            columns = 0, 1
            for number, row in enumerate(rows):
                if not any(cell.strip() for cell in row):
                    continue
                headed = _headed([cell.strip().casefold() for cell in row]) if not number else None
                if headed:
                    columns = headed
                    continue
                if len(row) <= max(columns):
                    raise InputError(
                        f"{file}: line {rows.line_num}: {','.join(row)!r} is no pair; write "
                        "follower,followee"
                    )
                yield _Pair(row[columns[0]], row[columns[1]], f"line {rows.line_num}")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file}: it is not UTF-8 text ({error.reason}); save it as UTF-8"
        ) from None
    except csv.Error as error:
        raise InputError(f"{file}: line {rows.line_num}: {error}") from None


def _headed(cells: Sequence[str]) -> tuple[int, int] | None:
    """Find the columns of a pair by their headings."""
    for follower, followee in COLUMNS:
        if follower in cells and followee in cells:
            return cells.index(follower), cells.index(followee)
    return None


def _parquet(file: Path, index: dict[str, int]) -> Iterator[_Pair]:
    from simnet.scenario.networks.pairs import parquet_pairs  # noqa: PLC0415  (imports pyarrow)

    for row, (follower, followee) in enumerate(parquet_pairs(file, _headed)):
        yield _Pair(follower, followee, f"row {row}")


def _graphml(file: Path, index: dict[str, int]) -> Iterator[_Pair]:
    import rustworkx  # noqa: PLC0415  (slow to import)

    try:
        graphs = rustworkx.read_graphml(str(file))
    except Exception as error:  # noqa: BLE001  (what rustworkx raises for a broken file)
        raise InputError(f"{file}: it is not GraphML that can be read: {error}") from None
    for graph in graphs:
        names = {node: _node_name(graph[node], index) for node in graph.node_indices()}
        both_ways = isinstance(graph, rustworkx.PyGraph)
        for number, (source, target) in enumerate(graph.edge_list()):
            ends = [(source, target), (target, source)] if both_ways else [(source, target)]
            for follower, followee in ends:
                yield _Pair(names[follower], names[followee], f"edge {number}")


def _node_name(data: dict[str, object], index: dict[str, int]) -> str:
    names = [str(data[name]) for name in NAMES if data.get(name) is not None]
    return next((name for name in names if name in index), names[0] if names else "")
