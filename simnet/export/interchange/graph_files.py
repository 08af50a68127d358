"""Graphs of a run: who follows whom at a time, and who replied to, reposted, liked, mentioned whom.

Each graph is written as GraphML and as a table of edges in Parquet.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from simnet.clock import Seconds, format_time
from simnet.errors import EmptyExportError, UsageError
from simnet.export.folders.card_parts import (
    configurations,
    heading,
    source_lines,
    source_of,
    write_plain_card,
)
from simnet.export.folders.folder import GRAPHS, written_folder
from simnet.export.folders.set_writer import Configuration, set_writer
from simnet.export.folders.summary import Exported
from simnet.export.interchange.graphml_writer import write_graphml
from simnet.export.interchange.post_mentions import Mentions
from simnet.foundation.arguments import checked
from simnet.foundation.text import did_you_mean
from simnet.recording.reading.run import Run
from simnet.world.events import DONE

FOLLOWS = "follows"
_RELATED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"replies": ("reply",), "reposts": ("repost", "quote"), "likes": ("reaction", "retraction")}
)
"""Graph -> relations of the verbs whose acts are its edges."""
_BATCH = 50_000
_FOLLOW_SCHEMA = pa.schema(
    [("source", pa.string()), ("target", pa.string()), ("since", pa.float64())]
)
_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("target", pa.string()),
        ("weight", pa.int64()),
        ("first", pa.float64()),
        ("last", pa.float64()),
    ]
)

Pair: TypeAlias = tuple[str, str]


class Weight(NamedTuple):
    """How often one persona did something to another, and when, in simulated seconds."""

    weight: int
    first: float
    last: float


@checked
def export_graphs(
    run: Run,
    out: Path | str,
    *,
    force: bool = False,
    at: Seconds | None = None,
    graphs: Sequence[str] = GRAPHS,
) -> Exported:
    """Write the graphs that have edges, each as GraphML and as Parquet, at time `at`.

    `follows` has an edge from each follower to the followed, with the time since when (0 for the
    initial network), as ties are after all that happened up to `at`, in simulated seconds (by
    default at the end). `replies`, `reposts` (with quotes), `likes` and `mentions` have an edge
    from who acted to the author, or to who is mentioned, with how often (`weight`) and when first
    and last. Mentions are read as in the run: case counts only between namesakes, and what is said
    in a room names those in it. A like that was taken back, or replaced by another reaction, does
    not count. An edge to oneself is left out. The nodes are the personas of the run, with their
    cohorts. Memory holds the nodes and edges.

    Raises UsageError for an unknown graph, or if `out` exists and `force` is not set;
    EmptyExportError if no graph has an edge.
    """
    for name in graphs:
        if name not in GRAPHS:
            raise UsageError(f"no graph {name!r}{did_you_mean(name, GRAPHS)}; there are "
                             f"{', '.join(GRAPHS)}")  # fmt: skip
    end = float("inf") if at is None else float(at)
    people = dict(_personas(run))
    empty = []
    with written_folder(Path(out), force=force) as folder:
        with set_writer(folder) as writer:
            for name in dict.fromkeys(graphs):
                edges = _edges(run, name, end)
                if not edges:
                    empty.append(name)
                    continue
                schema = _FOLLOW_SCHEMA if name == FOLLOWS else _SCHEMA
                part = writer.open(name, schema)
                for rows in _rows(edges, schema.names[2:]):
                    part.write(rows, ["train"] * len(rows))
                write_graphml(folder / f"{name}.graphml", people, schema.names[2:], edges)
        if not writer.configurations:
            raise EmptyExportError(f"run {run.id} has no edges in: {', '.join(empty)}")
        _write_card(folder, run, writer.configurations, at, empty)
    parts = {part.name: {"edges": part.rows["train"]} for part in writer.configurations}
    return Exported(Path(out), parts, notes=[f"the graph {name} has no edges" for name in empty])


def _personas(run: Run) -> Iterator[Pair]:
    for batch in run.batches("personas", ["id", "cohort"]):
        yield from zip(batch["id"].to_pylist(), batch["cohort"].to_pylist(), strict=True)


def _rows(
    edges: Mapping[Pair, tuple[Any, ...]], names: Sequence[str]
) -> Iterator[list[dict[str, Any]]]:
    rows = []
    for (source, target), values in edges.items():
        row = {"source": source, "target": target}
        rows.append(row | dict(zip(names, values, strict=True)))
        if len(rows) == _BATCH:
            yield rows
            rows = []
    yield rows


def _edges(run: Run, name: str, end: float) -> dict[Pair, tuple[Any, ...]]:
    if name == FOLLOWS:
        return dict(_follows(run, end))
    if name == "likes":
        return dict(_likes(run, end))
    found: dict[Pair, Weight] = {}
    ends: Callable[[Mapping[str, Any]], Iterable[str]]
    if name == "mentions":
        mentions = Mentions(run)
        ends = lambda row: mentions.of(row["who"], row["verb"], row["text"])  # noqa: E731
        rows = _acts(run, end, None)
    else:
        authors = _Authors(run)
        ends = lambda row: filter(None, [row["whom"] or authors.of(row["post"])])  # noqa: E731
        rows = _acts(run, end, _RELATED[name])
    for row in rows:
        for target in ends(row):
            if target != row["who"]:
                _add(found, (row["who"], target), row["time"])
    return dict(found)


class _Authors:
    """Who wrote which post, read when a verb of a user did not say whom it was about."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def of(self, post: int | None) -> str | None:
        """Return the author of a post; None if it is not in the record."""
        return None if post is None else self._found.get(post)

    @cached_property
    def _found(self) -> dict[int, str]:
        made = pc.field("made").is_valid()
        posts = self._run.table("events").to_table(columns=["made", "who"], filter=made)
        return dict(zip(posts["made"].to_pylist(), posts["who"].to_pylist(), strict=True))


def _follows(run: Run, end: float) -> dict[Pair, tuple[float]]:
    ties: dict[Pair, tuple[float]] = {}
    columns = ["time", "follower", "followee", "change"]
    for batch in run.batches("network", columns):
        for row in batch.to_pylist():
            pair = (row["follower"], row["followee"])
            if row["time"] > end:
                continue
            if row["change"] == "unfollow":
                ties.pop(pair, None)
            else:
                ties[pair] = (row["time"],)
    return ties


def _likes(run: Run, end: float) -> dict[Pair, Weight]:
    relations = run.relations
    now: dict[tuple[str, int], tuple[str, float]] = {}
    for row in _acts(run, end, _RELATED["likes"]):
        key = (row["who"], row["post"])
        liked = relations[row["verb"]] == "reaction" and (row["text"] or row["verb"]) == "like"
        if liked and row["whom"] and row["whom"] != row["who"]:
            now[key] = (row["whom"], row["time"])
        else:
            now.pop(key, None)
    found: dict[Pair, Weight] = {}
    for (who, _), (whom, time) in sorted(now.items(), key=lambda one: one[1][1]):
        _add(found, (who, whom), time)
    return found


def _add(found: dict[Pair, Weight], pair: Pair, time: float) -> None:
    before = found.get(pair)
    first = time if before is None else before.first
    found[pair] = Weight(1 if before is None else before.weight + 1, first, time)


def _acts(run: Run, end: float, relations: Sequence[str] | None) -> Iterator[Mapping[str, Any]]:
    """Yield acts that were done up to a time, in order; all posts if no relation is given."""
    if relations is None:
        wanted = pc.field("made").is_valid()
    else:
        verbs = [verb for verb, relation in run.relations.items() if relation in relations]
        wanted = pc.field("verb").isin(pa.array(verbs, pa.string()))
    wanted = wanted & (pc.field("outcome") == DONE) & (pc.field("time") <= end)
    columns = ["time", "who", "verb", "post", "whom", "text"]
    for batch in run.table("events").to_batches(columns=columns, filter=wanted):
        yield from batch.to_pylist()


def _write_card(
    folder: Path, run: Run, parts: Sequence[Configuration], at: float | None, empty: Sequence[str]
) -> None:
    source = source_of(run)
    when = "at the end of the run" if at is None else f"at {format_time(at)} of simulated time"
    write_plain_card(
        folder,
        configurations(parts),
        [
            heading("Graphs of a simulated social network", source), "",
            f"Who follows whom, and who did what to whom, {when}. Times are in simulated seconds.",
            "Each graph is in `NAME.graphml` and, as a table of edges, in `data/NAME`.", "",
            "```python",
            f'networkx.read_graphml("DIR/{parts[0].name}.graphml")',
            f'datasets.load_dataset("DIR", "{parts[0].name}", split="train")',
            "```", "",
            "| graph | edges |", "|-|-|",
            *(f"| {part.name} | {part.rows['train']} |" for part in parts),
            *(f"| {name} | 0 (not written) |" for name in empty), "",
            "- `follows`: `since` when the one follows the other.",
            "- `replies`, `reposts` (with quotes), `likes`, `mentions`: `weight` (how often),",
            "  `first` and `last`.", "",
            *source_lines(source),
        ],
    )  # fmt: skip
