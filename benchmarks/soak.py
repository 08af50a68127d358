"""Checks that the recorder's memory stays constant over millions of rows on a slow disk.

Run it like this::

    python benchmarks/soak.py [--rows 5000000] [--slower 10] [--folder DIR]

The recorder has a process of its own, as its actor does, and takes batches of 10,000 rows:
5,000 events, 4,000 exposures, 1,000 calls. Each disk operation takes `--slower` times as long
as the disk needed. The producer may be four writes ahead of the acknowledged ones, as the
scheduler may. Growth compares the resident memory after a write: the median over the last tenth
of the writes, relative to that over the second half of the first tenth. Sealing follows and is
reported apart. At least 20 writes (200,000 rows) are needed. Linux only: it reads /proc.
"""

import argparse
import json
import multiprocessing
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from arguments import at_least, between
from recorder import speaker
from rich.console import Console
from rich.table import Table

from simnet.foundation.disk import Disk
from simnet.recording.schema import encode_columns, row_schema
from simnet.recording.writing.recorder import Recorder
from simnet.scheduler.rows.row_writer import WRITES_IN_FLIGHT

EVENTS, EXPOSURES, CALLS = 5_000, 4_000, 1_000
ROWS = EVENTS + EXPOSURES + CALLS
MEMBERS = 10_000
TEXTS = 50_000
FLAT = 0.05
LEAST_ROWS = 20 * ROWS
"""Below, there are too few writes to tell growth."""


class SlowDisk(Disk):
    """A disk whose operations take longer by a factor."""

    def __init__(self, factor: float) -> None:
        self._factor = factor
        self.busy = 0.0

    def _slowly(self, operation: Callable[[], None]) -> None:
        began = time.perf_counter()
        operation()
        needed = time.perf_counter() - began
        time.sleep((self._factor - 1.0) * needed)
        self.busy += self._factor * needed

    def write(self, descriptor: int, data: bytes | memoryview) -> None:
        """Write all of `data`, slowly."""
        self._slowly(lambda: Disk.write(self, descriptor, data))

    def fsync(self, descriptor: int) -> None:
        """Sync, slowly."""
        self._slowly(lambda: Disk.fsync(self, descriptor))


class Sample(NamedTuple):
    """Time and memory after a number of rows."""

    rows: int
    seconds: float
    rss: int


def record(line: Connection, folder: Path, factor: float) -> None:
    """Run the recorder: take batches, acknowledge them, and send a summary at the end."""
    disk = SlowDisk(factor)
    samples = []
    began = time.perf_counter()
    recorder = Recorder(folder, disk=disk)
    number = 0
    while (batches := line.recv()) is not None:
        for table, batch in batches:
            recorder.append(table, batch)
        recorder.commit()
        number += 1
        line.send(number)
        samples.append(Sample(number * ROWS, time.perf_counter() - began, resident()))
    written, busy = recorder.statistics().committed_bytes, disk.busy
    began = time.perf_counter()
    sealed = recorder.seal()
    line.send(
        {
            "samples": samples,
            "bytes": written,
            "disk_busy_s": busy,
            "seal_s": time.perf_counter() - began,
            "seal_peak_mb": peak() / 1e6,
            "sealed_rows": sum(sealed.rows[name] for name in ("events", "exposures", "calls")),
        }
    )
    recorder.close()


def resident() -> int:
    """Return the resident memory of this process in bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def peak() -> int:
    """Return the peak resident memory of this process in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (one for one in status.splitlines() if one.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


class Town:
    """Makes batches column by column, without repeated keys."""

    def __init__(self, seed: int = 1) -> None:
        draw = random.Random(seed)  # noqa: S311 - made rows, no secrets
        say = speaker(draw)

        def text(length: int) -> str:
            return say(length // 5)[:length]

        rules = text(500)
        self._texts = pa.array([text(draw.randrange(40, 200)) for _ in range(TEXTS)])
        self._names = pa.array([f"member{n}" for n in range(MEMBERS)])
        self._systems = pa.array(
            [f"{rules} You are @member{n}. {text(150)}" for n in range(MEMBERS)]
        )
        self._chance = np.random.default_rng(seed)

    def batches(self, number: int) -> list[tuple[str, bytes]]:
        """Make the rows of one write."""
        return [
            ("calls", self._encoded("calls", self._calls(number), CALLS)),
            ("exposures", self._encoded("exposures", self._exposures(number), EXPOSURES)),
            ("events", self._encoded("events", self._events(number), EVENTS)),
        ]

    def _encoded(self, name: str, columns: dict[str, Any], count: int) -> bytes:
        whole = [columns.get(one.name, _nothing(one, count)) for one in row_schema(name)]
        return encode_columns(name, whole)

    def _some(self, choices: pa.Array, count: int) -> pa.Array:
        return choices.take(pa.array(self._chance.integers(0, len(choices), count)))

    def _events(self, number: int) -> dict[str, Any]:
        turns = number * EVENTS + np.arange(EVENTS)
        shown = pa.array(np.maximum(0, np.repeat(turns, 5) - self._chance.integers(1, 500)))
        starts = pa.array(np.arange(0, 5 * EVENTS + 1, 5, dtype=np.int32))
        return {
            "time": turns / 10.0, "woke": turns / 10.0 - 30.0, "turn": turns, "made": turns,
            "root": np.maximum(0, turns - 40), "post": np.maximum(0, turns - 7),
            "who": self._some(self._names, EVENTS), "text": self._some(self._texts, EVENTS),
            "verb": pa.array(["reply"] * EVENTS), "outcome": pa.array(["done"] * EVENTS),
            "cohort": pa.array(["people"] * EVENTS),
            "shown": pa.ListArray.from_arrays(starts, shown),
        }  # fmt: skip

    def _exposures(self, number: int) -> dict[str, Any]:
        rows = number * EXPOSURES + np.arange(EXPOSURES)
        return {
            "time": rows // 10 / 1.0, "turn": rows // 10, "rank": rows % 10, "post": rows,
            "who": self._names.take(pa.array(rows // 10 % MEMBERS)),
            "score": self._chance.random(EXPOSURES), "ranker": pa.array(["hot"] * EXPOSURES),
        }  # fmt: skip

    def _calls(self, number: int) -> dict[str, Any]:
        turns = number * CALLS + np.arange(CALLS)
        members = pa.array(turns % MEMBERS)
        seen = [self._some(self._texts, CALLS).to_pylist() for _ in range(8)]
        return {
            "time": turns / 2.0, "turn": turns, "who": self._names.take(members),
            "system": self._systems.take(members),
            "user": pa.array(["\n".join(posts) for posts in zip(*seen, strict=True)]),
            "seed": self._chance.integers(0, 2**62, CALLS),
            "completion": self._some(self._texts, CALLS),
            "prompt_hash": pa.array([f"{self._chance.integers(0, 2**62):032x}" for _ in turns]),
            "model": pa.array(["made"] * CALLS), "finish": pa.array(["stop"] * CALLS),
        }  # fmt: skip


def _nothing(field: pa.Field, count: int) -> pa.Array:
    """Fill a column with nulls or zeros."""
    if field.nullable:
        return pa.nulls(count, field.type)
    value = pa.scalar([] if pa.types.is_list(field.type) else 0).cast(field.type)
    return pa.repeat(value, count)


def soak(rows: int, factor: float, folder: Path) -> dict[str, Any]:
    """Send rows to a recorder process and return its summary."""
    mine, its = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    recorder = context.Process(target=record, args=(its, folder, factor), daemon=True)
    recorder.start()
    its.close()
    town, acknowledged = Town(), 0
    for number in range(rows // ROWS):
        batches = town.batches(number)
        while number - acknowledged >= WRITES_IN_FLIGHT:
            acknowledged = mine.recv()
        mine.send(batches)
    mine.send(None)
    while not isinstance(summary := mine.recv(), dict):
        pass
    recorder.join()
    return summary


def growth(samples: list[Sample]) -> float:
    """Return the relative growth of memory from the first tenth of the writes to the last."""
    tenth = len(samples) // 10
    first, last = samples[tenth // 2 : tenth], samples[-tenth:]
    return median(one.rss for one in last) / median(one.rss for one in first) - 1


def main() -> int:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        summary = soak(arguments.rows, arguments.slower, Path(name))
    samples = [Sample(*one) for one in summary.pop("samples")]
    grown = growth(samples)
    last = samples[-1]
    figures = {
        **summary,
        "rows": last.rows,
        "rows_per_s": last.rows / last.seconds,
        "bytes_per_row": summary["bytes"] / last.rows,
        "slower": arguments.slower,
        "growth": grown,
        "most_mb": max(one.rss for one in samples) / 1e6,
        "flat": grown < FLAT,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "pyarrow": pa.__version__,
    }
    table = Table(title=f"{last.rows:,} rows, disk {arguments.slower:g} times slower")
    for column in ("rows", "seconds", "recorder's memory, MB"):
        table.add_column(column, justify="right")
    for one in _spread(samples):
        table.add_row(f"{one.rows:,}", f"{one.seconds:.0f}", f"{one.rss / 1e6:.0f}")
    console = Console()
    console.print(table)
    console.print(
        f"{figures['rows_per_s']:,.0f} rows/s acknowledged, {figures['bytes_per_row']:.0f} "
        f"bytes/row; memory grew by {grown:.1%}; sealing took {summary['seal_s']:.0f} s and "
        f"at most {summary['seal_peak_mb']:.0f} MB",
        highlight=False,
    )
    print(json.dumps(figures))
    return 0 if grown < FLAT else 1


def _spread(samples: list[Sample]) -> Iterator[Sample]:
    step = max(1, len(samples) // 10)
    yield from samples[step - 1 :: step]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=at_least(LEAST_ROWS), default=5_000_000)
    parser.add_argument("--slower", type=between(1, 1e6), default=10.0)
    parser.add_argument("--folder", type=Path, help="where to write; the disk that is measured")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
