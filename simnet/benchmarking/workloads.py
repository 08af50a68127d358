"""Fixed workloads. Each is played once and returns its figures; a model is never loaded."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from simnet import draws
from simnet.clock import HOUR, MINUTE
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.inference.model import Prompt
from simnet.kernel.kernel import Kernel
from simnet.kernel.record_replay import rebuild
from simnet.personas.population import sample
from simnet.recording.reading.run import Run
from simnet.recording.row_types import Metric
from simnet.recording.schema import encode
from simnet.recording.writing.recorder import Recorder
from simnet.runs.blocking import blocking
from simnet.runs.launcher import launch
from simnet.runs.plan import RunPlan, RunResult
from simnet.scenario.cohort import Cohort
from simnet.scenario.scenario import Scenario
from simnet.scenario.timing.rhythms import Exponential
from simnet.scheduler.prefetch.prefetch_settings import Mode
from simnet.world.events import Event, Exposure

PEOPLE, TURNS = 1000, 3000
DELAY = 0.05
"""Wall seconds of a reply of `latency`; the median of those with a heavy tail."""
ROWS, BATCH = 200_000, 5000
START = 20_000


class Figure(NamedTuple):
    """One measured number."""

    value: float
    unit: str
    more_is_better: bool


Figures: TypeAlias = dict[str, Figure]
Workload: TypeAlias = Callable[[], Figures]


def _society(people: int, turns: int, reacts_in: float = MINUTE) -> Scenario:
    follows = {"people": min(1.0, 20 / people)}
    rhythm = Exponential(HOUR - MINUTE)
    crowd = Cohort("people", sample(people), rhythm=rhythm, reacts_in=reacts_in, follows=follows)
    return Scenario("bench", [crowd], lasts=turns / people * HOUR, seed=1)


def _played(
    scenario: Scenario,
    folder: Path,
    delay: Callable[[Prompt], float] | None = None,
    prefetch: Mode = "off",
) -> RunResult:
    backend = FakeBackend(delay=delay)
    plan = RunPlan(scenario, backend, folder, ray=False, prefetch=prefetch)
    result: RunResult = blocking(launch)(plan)
    return result


def engine() -> Figures:
    """Play 3,000 turns of 1,000 people in this process, with a model that replies at once."""
    with TemporaryDirectory(prefix="simnet-bench-") as folder:
        progress = _played(_society(PEOPLE, TURNS), Path(folder)).finish.progress
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
                result = _played(_society(100, 300), Path(folder), delay, mode)
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
    scenario = _society(PEOPLE, TURNS)
    with TemporaryDirectory(prefix="simnet-bench-") as folder:
        run = Run.open(_played(scenario, Path(folder)).folder)
        events = [Event(**row) for row in run.read("events").to_pylist()]
        exposures = [Exposure(**row) for row in run.read("exposures").to_pylist()]
    began = perf_counter()
    rebuild(scenario, events, exposures)
    rate = len(events) / (perf_counter() - began)
    return {"events per second": Figure(rate, "1/s", more_is_better=True)}


def start() -> Figures:
    """Import simnet in a fresh interpreter, and make the world of 20,000 people."""
    began = perf_counter()
    subprocess.run([sys.executable, "-c", "import simnet"], check=True)
    imported = perf_counter() - began
    scenario = _society(START, START)
    began = perf_counter()
    Kernel(scenario)
    made = perf_counter() - began
    return {
        "import": Figure(imported, "s", more_is_better=False),
        "world of 20,000 people": Figure(made, "s", more_is_better=False),
    }


WORKLOADS: Mapping[str, Workload] = MappingProxyType(
    {one.__name__: one for one in (engine, latency, record, replay, start)}
)
"""By the names that the command line takes."""
