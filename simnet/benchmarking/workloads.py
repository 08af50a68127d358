"""Fixed workloads. Each is played once and returns its figures; these load no model."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from types import MappingProxyType

from simnet import draws
from simnet.benchmarking.played_society import Figure, Figures, Workload, played, society
from simnet.benchmarking.scale_workload import scale
from simnet.kernel.kernel import Kernel
from simnet.kernel.record_replay import rebuild
from simnet.recording.reading.run import Run
from simnet.recording.row_types import Metric
from simnet.recording.schema import encode
from simnet.recording.writing.recorder import Recorder
from simnet.scheduler.prefetch.prefetch_settings import Mode
from simnet.world.events import Event, Exposure

PEOPLE, TURNS = 1000, 3000
DELAY = 0.05
"""Wall seconds of a reply of `latency`; the median of those with a heavy tail."""
ROWS, BATCH = 200_000, 5000
START = 20_000


def engine() -> Figures:
    """Play 3,000 turns of 1,000 people in this process, with a model that replies at once."""
    with TemporaryDirectory(prefix="simnet-bench-") as folder:
        progress = played(society(PEOPLE, TURNS), Path(folder)).finish.progress
    rate = progress.ledger.planned / progress.elapsed
    return {"turns per second": Figure(rate, "1/s", more_is_better=True)}


def latency() -> Figures:
    """Play 300 turns of 100 people with replies that take 50 ms, equally or with a heavy tail."""
    figures: Figures = {}
    delays = {
        "fixed": lambda _: DELAY,
        "heavy tail": lambda prompt: DELAY * (1 - draws.unit("bench", prompt.seed)) ** -0.5,
    }
    modes: tuple[Mode, ...] = ("off", "ahead")
    for name, delay in delays.items():
        for mode in modes:
            with TemporaryDirectory(prefix="simnet-bench-") as folder:
                result = played(society(100, 300), Path(folder), delay, mode)
            progress = result.finish.progress
            label = f"{name}, prefetch {mode}"
            rate = progress.ledger.planned / progress.elapsed
            figures[f"{label}: turns per second"] = Figure(rate, "1/s", more_is_better=True)
            mean = progress.load.mean(progress.elapsed)
            figures[f"{label}: turns in flight"] = Figure(mean, "turns", more_is_better=True)
    return figures


def record() -> Figures:
    """Record 200,000 rows with a sync after each 5,000, and seal them."""
    rows = [Metric(number / 1000, f"figure {number % 50}", 0.5, "share") for number in range(BATCH)]
    batch = encode("metrics", rows)
    with TemporaryDirectory(prefix="simnet-bench-") as folder, Recorder(Path(folder)) as recorder:
        began = perf_counter()
        for _ in range(ROWS // BATCH):
            recorder.append("metrics", batch)
            recorder.commit()
        seconds = perf_counter() - began
        recorder.seal()
        sealing = perf_counter() - began - seconds
    return {
        "rows per second": Figure(ROWS / seconds, "1/s", more_is_better=True),
        "sealing": Figure(sealing, "s", more_is_better=False),
    }


def replay() -> Figures:
    """Rebuild the world of a run of 1,000 people from its events and exposures."""
    scenario = society(PEOPLE, TURNS)
    with TemporaryDirectory(prefix="simnet-bench-") as folder:
        run = Run.open(played(scenario, Path(folder)).folder)
        events = [Event(**row) for row in run.read("events").to_pylist()]
        exposures = [Exposure(**row) for row in run.read("exposures").to_pylist()]
    began = perf_counter()
    rebuild(scenario, events, exposures)
    rate = len(events) / (perf_counter() - began)
    return {"events per second": Figure(rate, "1/s", more_is_better=True)}


def start() -> Figures:
    """Import simnet, make the world of 20,000 people, and begin and end a run of them by phases."""
    began = perf_counter()
    subprocess.run([sys.executable, "-c", "import simnet"], check=True)
    imported = perf_counter() - began
    scenario = society(START, max(1, START // 1000))
    began = perf_counter()
    Kernel(scenario)
    made = perf_counter() - began
    with TemporaryDirectory(prefix="simnet-bench-") as folder:
        began = perf_counter()
        phases = played(scenario, Path(folder)).phases
        whole = perf_counter() - began
    seconds = {"import": imported, "world of 20,000 people": made}
    seconds |= {f"run: {phase}": took for phase, took in phases.items() if phase != "turns"}
    seconds["run: before and after its phases"] = whole - sum(phases.values())
    return {name: Figure(took, "s", more_is_better=False) for name, took in seconds.items()}


WORKLOADS: Mapping[str, Workload] = MappingProxyType(
    {one.__name__: one for one in (engine, latency, record, replay, start, scale)}
)
"""By the names that the command line takes."""
