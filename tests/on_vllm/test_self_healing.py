"""The engine is killed and stopped in mid-run; the run ends as if nothing had happened."""

import asyncio
import signal
from collections import Counter
from contextlib import suppress

import psutil
import pytest
from waiting import survivors

from simnet import MINUTE, Cohort, Run, Scenario, Steps, sample
from simnet.errors import ModelNotFoundError
from simnet.foundation.leftovers import SHARED_MEMORY, _mapped
from simnet.inference.backends.choice import choose
from simnet.inference.engine.embedded import NAME, prepare
from simnet.inference.settings import EngineSettings
from simnet.runs.launching.launcher import RunPlan, launch
from simnet.runtime.base import Silent

pytest.importorskip("vllm")
pytest.importorskip("ray")

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.ray,
    pytest.mark.timeout(1500),  # the engine starts three times, on a busy machine for 100 s each
    pytest.mark.filterwarnings("ignore"),
]

STALL_TIMEOUT = 40.0
"""Short, yet longer than a busy machine may take for one token."""


class Saboteur(Silent):
    """Sends a signal to the engine's core as soon as some replies are in."""

    def __init__(self, *signals):
        self._signals = list(signals)
        self._at = 4
        self._others = {process.pid for process in engines()}
        self.hit = []
        self.shared = set()
        self.niceness = None
        self.phases = []

    def phase(self, text):
        self.phases.append(text)

    def progress(self, progress):
        if self._signals and progress.usage.calls >= self._at and (own := self.own()):
            self.hit += own
            self.shared |= {SHARED_MEMORY / name for name, _ in _mapped(own)}
            (core,) = [process for process in own if process.parent() not in own]
            self.niceness = core.nice()
            core.send_signal(self._signals.pop(0))
            self._at = progress.usage.calls + 8

    def own(self):
        """The engine of this run; other tests may have one of theirs."""
        return [process for process in engines() if process.pid not in self._others]


def engines():
    """The processes of engines that this one has started: each a core and its workers.

    Their titles tell most of them, but not all can set one: whoever changes the first variable of
    the environment of a process takes from it what it finds the place of its title by.
    """
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # a zombie or gone in the meantime
            title = " ".join(process.cmdline())
            if title.startswith("VLLM::") or "from multiprocessing.spawn " in title:
                found.append(process)
    return found


def people() -> Scenario:
    cohort = Cohort(
        "people", sample(4, seed=2), rhythm=Steps(10 * MINUTE), reacts_in=MINUTE, text_limit=80
    )
    return Scenario("talk", [cohort], lasts=50 * MINUTE, seed=5)


def test_a_run_whose_engine_is_stopped_and_then_killed_ends_complete(tmp_path):
    causes = {"engine hung": 1, "engine died": 1}
    try:
        prepare(print)
    except ModelNotFoundError as fault:
        pytest.skip(str(fault))
    settings = EngineSettings(model=NAME, device="cpu", max_num_seqs=4, stall_timeout=STALL_TIMEOUT)
    saboteur = Saboteur(signal.SIGSTOP, signal.SIGKILL)
    plan = RunPlan(people(), choose("vllm", NAME, settings), tmp_path)
    outcome = asyncio.run(launch(plan, saboteur))
    left = saboteur.hit + saboteur.own()

    assert len(saboteur.hit) >= 2
    assert saboteur.niceness <= psutil.Process().nice(), "the engine yields to whatever else runs"
    assert Counter(outcome.finish.progress.incidents) == causes, saboteur.phases
    assert any("starting the model again" in told for told in saboteur.phases)
    record = Run.open(outcome.folder)
    assert record.manifest.state == "completed"
    events, calls = record.read("events"), record.read("calls")
    turns = [(row["who"], row["turn"]) for row in events.to_pylist() if row["part"] == 0]
    ledger = outcome.finish.progress.ledger
    assert len(turns) == len(set(turns)) == ledger.planned
    assert ledger.done + ledger.refused.total() + ledger.failed.total() == ledger.planned
    assert set(calls["finish"].to_pylist()) <= {"stop", "length"}
    keys = [(row["who"], row["turn"], row["call"]) for row in calls.to_pylist()]
    assert len(keys) == len(set(keys)) == calls.num_rows
    metrics = {row["name"]: row["value"] for row in record.read("metrics").to_pylist()}
    assert {name: metrics[f"incident.{name}"] for name in causes} == causes
    assert metrics["model.generated_tokens"] > 0
    assert not survivors(left)
    assert saboteur.shared
    assert not [path for path in saboteur.shared if path.exists()]
