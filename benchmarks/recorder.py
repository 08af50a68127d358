"""Rows per second and bytes per row of the recorder, SQLite and JSONL.

Run it like this::

    python benchmarks/recorder.py [--rows 1000000] [--per-commit 10000] [--folder DIR]

A row counts once it is on disk, fsync included. `encode` is the work of the processes that
produce rows, `record` that of the recorder, and `both` that of one process that does both.
SQLite commits every row, as other simulators do, or every batch; JSONL is synced once a batch.
Calls have prompts of 1,700 characters, of which 700 are equal at every turn of a persona.
"""

import argparse
import gc
import json
import os
import platform
import random
import resource
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
from arguments import at_least, percentile, rate, shown
from rich.console import Console
from rich.table import Table

from simnet.inference.model import Call
from simnet.recording.files.manifest import Manifest
from simnet.recording.reading.recorded_replies import Recorded
from simnet.recording.reading.run import Run
from simnet.recording.schema import encode
from simnet.recording.writing.recorder import Recorder
from simnet.world.events import Event

VERBS = ("reply", "reply", "like", "write", "repost", "pass", "follow")
SPEAKING = {"reply", "write"}
ROWS_PER_SQLITE_COMMIT_RUN = 2_000
CALLS_PER_COMMIT = 20_000
FEW_CALLS_PER_COMMIT = 100
MEMBERS = 1_000


def speaker(draw: random.Random) -> Callable[[int], str]:
    """Return a function that draws a number of words with Zipf distributed frequencies."""
    words = ["".join(draw.choices("etaoinshrdlu", k=draw.randrange(2, 9))) for _ in range(5000)]
    weights = list(accumulate(1 / (rank + 1) for rank in range(len(words))))
    return lambda count: " ".join(draw.choices(words, cum_weights=weights, k=count))


def made_events(count: int, *, speaking: bool = False, seed: int = 1) -> Iterator[Event]:
    """Make events of a busy feed: 10,000 members, words by Zipf's law.

    Three in seven have a text, or all of them if `speaking`.
    """
    draw = random.Random(seed)  # noqa: S311 - made rows, no secrets
    say = speaker(draw)
    at = 0.0
    for number in range(count):
        at += draw.expovariate(10.0)
        verb = "reply" if speaking else draw.choice(VERBS)
        text = say(draw.randrange(8, 36))
        yield Event(
            at=round(at, 3),
            woke=round(at - 30.0, 3),
            who=f"member{draw.randrange(10_000)}",
            cohort=draw.choice(("supporter", "troll", "alarmist")),
            turn=number,
            cue=None,
            part=0,
            verb=verb,
            outcome="done",
            reason=None,
            post=None if verb in {"write", "pass", "follow"} else draw.randrange(number + 1),
            made=number if verb in SPEAKING else None,
            root=draw.randrange(number + 1) if verb in SPEAKING else None,
            whom=f"member{draw.randrange(10_000)}" if verb == "follow" else None,
            group=None,
            text=text if verb in SPEAKING else None,
            extra=None,
            marks=(),
            shown=tuple(draw.randrange(max(0, number - 500), number + 1) for _ in range(5)),
        )


def made_calls(count: int, seed: int = 1) -> Iterator[Call]:
    """Make calls by 1,000 members in turn, with prompts of a realistic length."""
    draw = random.Random(seed)  # noqa: S311 - made rows, no secrets
    say = speaker(draw)

    def text(length: int) -> str:
        return say(length // 5)[:length]

    rules = text(500)
    systems = [f"{rules}\n\nYou are @member{n}. {text(200)}" for n in range(MEMBERS)]
    seen = [text(100) for _ in range(20_000)]
    for number in range(count):
        who, turn = number % MEMBERS, number // MEMBERS
        yield Call(
            *(float(number), f"member{who}", turn, 0, "made", None, draw.getrandbits(62)),
            *(f"{draw.getrandbits(128):032x}", systems[who], "\n".join(draw.choices(seen, k=10))),
            *(r"(?:reply [1-9]: [^\n]+|like [1-9]|pass)", text(draw.randrange(10, 200)), "stop"),
            *(400, 300, 20, draw.random()),
        )


def measure(
    events: Sequence[Any], per_commit: int, write: Callable[[Sequence[Any]], None]
) -> dict[str, float | None]:
    """Write all events in commits; return rows a second and the commits' latency in ms."""
    latencies = []
    start = time.perf_counter()
    for first in range(0, len(events), per_commit):
        began = time.perf_counter()
        write(events[first : first + per_commit])
        latencies.append(1e3 * (time.perf_counter() - began))
    spent = time.perf_counter() - start
    return {
        "rows_per_s": rate(len(events), spent),
        "p50_ms": statistics.median(latencies),
        "p99_ms": percentile(latencies, 99),
    }


def encoding(events: Sequence[Event], per_commit: int, _folder: Path) -> dict[str, float | None]:
    measured = measure(events, per_commit, lambda rows: encode("events", rows) and None)
    return {**measured, "bytes_per_row": None}


def recording(events: Sequence[Event], per_commit: int, folder: Path) -> dict[str, float | None]:
    batches = iter(
        [encode("events", events[n : n + per_commit]) for n in range(0, len(events), per_commit)]
    )
    with Recorder(folder) as recorder:

        def write(_rows: Sequence[Event]) -> None:
            recorder.append("events", next(batches))
            recorder.commit()

        measured = measure(events, per_commit, write)
        size = recorder.statistics().committed_bytes
    return {**measured, "bytes_per_row": size / len(events)}


def both(events: Sequence[Event], per_commit: int, folder: Path) -> dict[str, float | None]:
    with Recorder(folder) as recorder:

        def write(rows: Sequence[Event]) -> None:
            recorder.append("events", encode("events", rows))
            recorder.commit()

        measured = measure(events, per_commit, write)
        size = recorder.statistics().committed_bytes
        began = time.perf_counter()
        parts = recorder.seal().files["events"]
        measured["sealed_rows_per_s"] = rate(len(events), time.perf_counter() - began)
        measured["sealed_bytes_per_row"] = sum(part.bytes for part in parts) / len(events)
    return {**measured, "bytes_per_row": size / len(events)}


def calling(calls: Sequence[Call], per_commit: int, folder: Path) -> dict[str, float | None]:
    batches = iter(
        [encode("calls", calls[n : n + per_commit]) for n in range(0, len(calls), per_commit)]
    )
    with Recorder(folder) as recorder:

        def write(_rows: Sequence[Call]) -> None:
            recorder.append("calls", next(batches))
            recorder.commit()

        measured = measure(calls, per_commit, write)
        size = recorder.statistics().committed_bytes
        parts = [part for listed in recorder.seal().files.values() for part in listed]
        measured["sealed_bytes_per_row"] = sum(part.bytes for part in parts) / len(calls)
    return {**measured, "bytes_per_row": size / len(calls)}


def sqlite(events: Sequence[Event], per_commit: int, folder: Path) -> dict[str, float | None]:
    path = folder / "events.db"
    connection = sqlite3.connect(path)
    columns = ", ".join(json.dumps(name) for name in Event._fields)
    connection.execute(f"create table events ({columns})")
    insert = f"insert into events values ({', '.join('?' * len(Event._fields))})"  # noqa: S608

    def write(rows: Sequence[Event]) -> None:
        with connection:
            connection.executemany(insert, [_flat(row) for row in rows])

    measured = measure(events, per_commit, write)
    connection.close()
    return {**measured, "bytes_per_row": path.stat().st_size / len(events)}


def jsonl(events: Sequence[Event], per_commit: int, folder: Path) -> dict[str, float | None]:
    path = folder / "events.jsonl"
    with path.open("w", encoding="utf-8") as file:

        def write(rows: Sequence[Event]) -> None:
            file.writelines(json.dumps(row._asdict()) + "\n" for row in rows)
            file.flush()
            os.fsync(file.fileno())

        measured = measure(events, per_commit, write)
    return {**measured, "bytes_per_row": path.stat().st_size / len(events)}


def loading(calls: int, folder: Path) -> dict[str, float | None]:
    """Record calls as a killed run leaves them, and load their replies as a resume does."""
    system = "You are a member of a social network. " * 20
    with Recorder(folder) as recorder:
        for first in range(0, calls, CALLS_PER_COMMIT):
            rows = [
                Call(
                    *(float(n), f"member{n % 10_000}", n // 10_000, 0, "made", None, n),
                    *(f"{n:032x}", system, f"In front of you: {n}. " * 20, None),
                    *(f"A reply of some length to whatever was said in {n}.", "stop"),
                    *(400, 300, 20, 1.5),
                )
                for n in range(first, min(calls, first + CALLS_PER_COMMIT))
            ]
            recorder.append("calls", encode("calls", rows))
            recorder.commit()
    began = time.perf_counter()
    found = Recorded.load(Run(folder, Manifest(id="made", created=datetime.now(UTC))))
    spent = time.perf_counter() - began
    return {"calls": len(found), "loaded_s": spent, "calls_per_s": rate(len(found), spent)}


def _flat(row: Event) -> tuple[Any, ...]:
    return (*row[:-2], json.dumps(row.marks), json.dumps(row.shown))


def main() -> None:
    arguments = _arguments()
    events = list(made_events(arguments.rows, speaking=arguments.speaking))
    gc.freeze()  # the rows in waiting are the benchmark's, not the recorder's
    few = events[:ROWS_PER_SQLITE_COMMIT_RUN]
    per_commit = arguments.per_commit
    contenders = {
        "simnet: encode": (encoding, events, per_commit),
        "simnet: record": (recording, events, per_commit),
        "simnet: both": (both, events, per_commit),
        "SQLite, a commit per row": (sqlite, few, 1),
        "SQLite, a commit per batch": (sqlite, events, per_commit),
        "JSONL, a sync per batch": (jsonl, events, per_commit),
    }
    results = {}
    for name, (contender, rows, step) in contenders.items():
        folder = Path(tempfile.mkdtemp(dir=arguments.folder))
        try:
            results[name] = contender(rows, step, folder)
        finally:
            shutil.rmtree(folder)
    del events, few
    calls = list(made_calls(arguments.calls))
    for per_commit in (arguments.per_commit, FEW_CALLS_PER_COMMIT):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            found = calling(calls, per_commit, Path(name))
        results[f"simnet: record calls, {per_commit:,} a commit"] = found
    del calls
    loads = []
    for calls in arguments.load:
        folder = Path(tempfile.mkdtemp(dir=arguments.folder))
        try:
            loads.append(loading(calls, folder))
        finally:
            shutil.rmtree(folder)
    _report(results, loads, arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=at_least(1), default=1_000_000)
    parser.add_argument("--per-commit", type=at_least(1), default=10_000)
    parser.add_argument("--calls", type=at_least(1), default=100_000)
    parser.add_argument("--speaking", action="store_true", help="give every event a text")
    parser.add_argument("--folder", type=Path, help="where to write; the disk that is measured")
    parser.add_argument(
        "--load",
        type=at_least(1),
        nargs="*",
        default=[100_000, 1_000_000],
        help="numbers of calls whose replies are loaded, as a resume does",
    )
    return parser.parse_args()


def _report(
    results: dict[str, dict[str, float | None]],
    loads: list[dict[str, float | None]],
    arguments: argparse.Namespace,
) -> None:
    table = Table(title=f"{arguments.rows:,} events, {arguments.per_commit:,} a commit")
    table.add_column("")
    for column in ("rows/s", "bytes/row", "commit p50 ms", "commit p99 ms"):
        table.add_column(column, justify="right")
    for name, measured in results.items():
        cells = [shown(measured["rows_per_s"], ",.0f"), shown(measured["bytes_per_row"], ".0f")]
        cells += [shown(measured["p50_ms"], ".2f"), shown(measured["p99_ms"], ".2f")]
        table.add_row(name, *cells)
    console = Console()
    console.print(table)
    sealed = results["simnet: both"]
    console.print(
        f"sealing: {shown(sealed['sealed_rows_per_s'], ',.0f')} rows/s, "
        f"{sealed['sealed_bytes_per_row']:.0f} bytes/row in Parquet",
        highlight=False,
    )
    for one in loads:
        console.print(f"replies of {one['calls']:,} calls: loaded in {one['loaded_s']:.1f} s")
    facts = {
        "rows": arguments.rows,
        "per_commit": arguments.per_commit,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "pyarrow": pa.__version__,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "results": results,
        "loads": loads,
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
