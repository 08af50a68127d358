"""Checks that a record is whole: its files, its keys, and what every run's rows have to obey."""

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from simnet.errors import RecordError
from simnet.recording import wal
from simnet.recording.manifest import Manifest, State
from simnet.recording.parts import Part, path_inside
from simnet.recording.run_directory import Run
from simnet.recording.schema import TABLES

_READ = 1 << 20


class Check(NamedTuple):
    """One thing that was looked at."""

    name: str
    problems: tuple[str, ...]
    """What does not hold; nothing if all is well."""


def verify(run: Run) -> Iterator[Check]:
    """Check the files of a run, then its rows; yield each check as it is done.

    What a crash tore off is no problem of a run that was not completed: a resume mends it.
    """
    yield Check("sealed parts have their sizes and checksums", tuple(_parts(run)))
    yield Check("segments are intact", tuple(_segments(run)))
    for name, check in _CHECKS.items():
        try:
            yield Check(name, tuple(check(run)))
        except RecordError as error:
            yield Check(name, (str(error),))


def _parts(run: Run) -> Iterator[str]:
    for parts in run.parts().tables.values():
        for part in parts:
            try:
                yield from _part(path_inside(run.path, part.path), part)
            except (OSError, pa.ArrowException) as error:
                yield f"{part.path}: {error}"


def _part(path: Path, part: Part) -> Iterator[str]:
    crc = 0
    with path.open("rb") as file:
        while block := file.read(_READ):
            crc = zlib.crc32(block, crc)
    if path.stat().st_size != part.bytes:
        yield f"{part.path}: has {path.stat().st_size} bytes, not {part.bytes}"
    elif f"{crc:08x}" != part.crc32:
        yield f"{part.path}: has the checksum {crc:08x}, not {part.crc32}"
    elif (rows := pq.ParquetFile(path).metadata.num_rows) != part.rows:
        yield f"{part.path}: has {rows} rows, not {part.rows}"


def _segments(run: Run) -> Iterator[str]:
    completed = run.manifest.state is State.COMPLETED
    for cut in run.parts().cuts:
        if cut.flaw == "damaged":
            yield f"{cut.segment}: was damaged after {cut.intact} of {cut.size} bytes"
    for table in TABLES:
        names = [n for n in wal.segments_in(run.path, table) if n not in run.parts().merged]
        for segment in wal.read_segments(run.path, table, names):
            if segment.flaw == "damaged" or (segment.flaw and completed):
                lost = f"after {segment.intact} of {segment.size} bytes"
                yield f"{segment.path.name}: is {segment.flaw} {lost}"


def _keys(run: Run) -> Iterator[str]:
    for name, table in TABLES.items():
        rows = run.read(name).select(table.key)
        counts = rows.append_column("n", pa.array([1] * len(rows))).group_by(list(table.key))
        repeated = counts.aggregate([("n", "sum")]).filter(pc.field("n_sum") > 1)
        if repeated.num_rows:
            first = repeated.slice(0, 1).drop_columns("n_sum").to_pylist()[0]
            yield f"{name}: {repeated.num_rows} keys are there more than once, first {first}"


def _outcomes(run: Run) -> Iterator[str]:
    events = run.read("events").select(["who", "turn", "cue", "part"])
    turns = events.filter(pc.field("turn").is_valid())
    parts = turns.group_by(["who", "turn"]).aggregate([("part", "min")])
    headless = parts.filter(pc.field("part_min") != 0)
    if headless.num_rows:
        first = headless.to_pylist()[0]
        yield f"turn {first['turn']} of @{first['who']} has no row with part 0"
    aimless = events.filter(pc.field("turn").is_null() & pc.field("cue").is_null())
    if aimless.num_rows:
        yield f"{aimless.num_rows} events belong to no turn and no cue"


def _time(run: Run) -> Iterator[str]:
    events = run.read("events").select(["at", "woke", "who", "turn", "made"])
    early = events.filter(pc.field("woke") > pc.field("at"))
    if early.num_rows:
        yield f"{early.num_rows} turns landed before their agents woke"
    made = events.filter(pc.field("made").is_valid())["made"].combine_chunks()
    if not _rises(made):
        yield "posts are not numbered in the order in which they were made"
    turns = events.filter(pc.field("turn").is_valid())
    order = [("who", "ascending"), ("turn", "ascending")]
    turns = turns.take(pc.sort_indices(turns, order))
    same = pc.equal(turns["who"][1:], turns["who"][:-1])
    back = pc.and_(same, pc.less(turns["at"][1:], turns["at"][:-1]))
    if pc.sum(back).as_py():
        yield f"{pc.sum(back).as_py()} turns landed before an earlier turn of the same agent"


def _rises(numbers: pa.Array) -> bool:
    return bool(pc.all(pc.greater(numbers[1:], numbers[:-1])).as_py() is not False)


def _threads(run: Run) -> Iterator[str]:
    events = run.read("events").select(["verb", "post", "made", "root"])
    root_of: dict[int, int] = {}
    for row in events.filter(pc.field("made").is_valid()).to_pylist():
        made, post, root = row["made"], row["post"], row["root"]
        if made in root_of:
            yield f"post {made} was made twice"
            return
        wrong = post is not None and post not in root_of
        if wrong or (row["verb"] == "reply" and root_of[post] != root):
            yield f"post {made} is a {row['verb']} to {post}, which is not in the thread of {root}"
            return
        root_of[made] = made if root is None else root


def _ledger(run: Run) -> Iterator[str]:
    manifest: Manifest = run.manifest
    if manifest.state is not State.COMPLETED:
        return
    events = run.read("events")
    firsts = events.filter(pc.field("part") == 0)
    planned = {"planned": firsts.num_rows, "open": 0}
    for outcome in ("done", "refused", "failed"):
        planned[outcome] = firsts.filter(pc.field("outcome") == outcome).num_rows
    told = dict.fromkeys(planned, 0)
    for line in manifest.ledger:
        told[line.outcome] += line.turns
    for outcome, turns in told.items():
        if turns != planned[outcome]:
            yield f"the ledger has {turns} turns {outcome}, the events have {planned[outcome]}"


def _calls(run: Run) -> Iterator[str]:
    """Check that the calls of a turn are numbered without a gap: what follows from one is later."""
    calls = run.read("calls").select(["who", "turn", "call"])
    turns = calls.group_by(["who", "turn"]).aggregate([("call", "count"), ("call", "max")])
    gaps = turns.filter(pc.field("call_max") + 1 != pc.field("call_count"))
    if gaps.num_rows:
        first = gaps.to_pylist()[0]
        yield f"turn {first['turn']} of @{first['who']} lacks one of its calls"


_CHECKS: dict[str, Callable[[Run], Iterator[str]]] = {
    "keys are unique": _keys,
    "every turn has one outcome": _outcomes,
    "time never runs backwards": _time,
    "threads are trees": _threads,
    "calls of a turn have no gap": _calls,
    "the ledger agrees with the events": _ledger,
}
