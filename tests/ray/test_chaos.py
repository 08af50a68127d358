"""Any process of a run may be killed at any time: the record ends as if nothing had happened."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from simnet import (
    MINUTE,
    Cohort,
    Cue,
    Exponential,
    FakeModel,
    Never,
    Persona,
    Run,
    Scenario,
    Write,
    sample,
)
from simnet.api import resume
from simnet.inference.backend import Backend
from simnet.recording.checking.verify import verify
from simnet.recording.files.manifest import State
from simnet.runs.launcher import RunPlan, launch
from simnet.runs.reload_scenario import ScenarioTimeline
from simnet.runs.replay import replay
from simnet.runtime.base import Silent

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]

KILLS = int(os.environ.get("KILLS", "2"))
"""How often each component is killed; `make chaos` sets 20."""
ACTORS = [
    ("PersonaAgents", 3),
    ("PersonaAgent", 1),
    ("LlmServer", 3),
    ("LlmServer", 1),
    ("RecordKeeper", 3),
    ("SchedulerActor", 3),
]
"""Which to kill, in a run with how many personas in an actor."""
LATEST = 40
"""Turns, of some ninety, after which it is killed at the latest."""
COMPARED = ("events", "calls", "exposures", "personas", "network", "ledger")


def small():
    council = Persona(id="council", description="The town council.")
    people = Cohort(
        "people",
        sample(6, seed=3),
        rhythm=Exponential(5 * MINUTE),
        reacts_in=2 * MINUTE,
        follows={"officials": 1.0, "people": 0.5},
    )
    return Scenario(
        "small",
        [Cohort("officials", [council], rhythm=Never()), people],
        cues=[Cue(MINUTE, "council", Write("Parking becomes a bike lane in May."))],
        lasts=120 * MINUTE,
        seed=11,
    )


# A lambda is sent to other processes by value: they cannot import this module.
BACKEND = Backend(kind="fake", model="fake", delay=lambda prompt: 0.02 + prompt.seed % 13 / 200)


def tables(folder):
    run = Run.open(folder)
    found = {name: run.read(name) for name in COMPARED}
    found["calls"] = found["calls"].drop_columns(["seconds"])
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return play_undisturbed(tmp_path_factory.mktemp("runs"))


def play_undisturbed(root):
    """Return the tables of a run in which nothing is killed, and its state."""
    plan = RunPlan(small(), FakeModel(), root)
    outcome = asyncio.run(launch(plan))
    assert outcome.finish.progress.ledger.done > 80
    return tables(outcome.folder), outcome.finish.digest


def is_whole(folder, undisturbed):
    """Whether a run ended as if nothing had happened."""
    run = Run.open(folder)
    assert run.manifest.state is State.COMPLETED
    assert run.manifest.state_hash == undisturbed[1]
    for name, table in tables(folder).items():
        assert table.equals(undisturbed[0][name]), f"the table {name} is another"
    assert [check for check in verify(run) if check.problems] == []
    assert replay(run, ScenarioTimeline(small())).differences == ()


class Killer(Silent):
    """Kills an actor's process once so many turns are done."""

    def __init__(self, actor, chance):
        self._actor = actor
        self._chance = chance
        self._after = chance.randrange(1, LATEST)
        self._due = False
        self.killed = 0

    def progress(self, progress):
        if progress.ledger.done >= self._after and not self._due:
            self._due = True
            moment = self._chance.uniform(0.0, 0.25)  # reports come four times a second
            asyncio.get_running_loop().call_later(moment, self._kill)

    def _kill(self):
        found = [one for one in psutil.process_iter() if self._is_victim(one)]
        self.killed = self._chance.choice(found).pid
        os.kill(self.killed, signal.SIGKILL)

    def _is_victim(self, process):
        try:
            title = " ".join(process.cmdline())
            return title.startswith(f"ray::{self._actor}") and _is_ours(process)
        except psutil.Error:
            return False


def _is_ours(process):
    return os.getpid() in {parent.pid for parent in process.parents()}


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("number", range(KILLS))
@pytest.mark.parametrize(("actor", "each"), ACTORS)
def test_a_killed_actor_leaves_no_trace(actor, each, number, undisturbed, tmp_path):
    killer = Killer(actor, random.Random(f"{actor} {number}"))
    plan = RunPlan(small(), BACKEND, tmp_path, personas_per_actor=each)
    outcome = asyncio.run(launch(plan, killer))
    assert killer.killed > 0, "the run was over before anything was killed"
    is_whole(outcome.folder, undisturbed)


SCRIPT = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    sys.path[:0] = [sys.argv[2]]
    from test_chaos import BACKEND, small
    from simnet.runs.launcher import RunPlan, launch
    from simnet.runtime.base import Silent

    class Announcing(Silent):
        def progress(self, progress):
            print(progress.ledger.done, flush=True)

    plan = RunPlan(small(), BACKEND, Path(sys.argv[1]), personas_per_actor=3)
    asyncio.run(launch(plan, Announcing()))
    """
)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_driver_is_resumed(number, undisturbed, tmp_path):
    after = random.Random(f"driver {number}").randrange(1, LATEST)
    script = tmp_path / "driver.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(tmp_path / "runs"), str(Path(__file__).parent)]
    with (
        (tmp_path / "stderr").open("w") as told,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told, text=True) as process,
    ):
        assert process.stdout is not None
        reached = any(int(line) >= after for line in process.stdout)
        process.kill()
    assert reached, (tmp_path / "stderr").read_text()
    (folder,) = (tmp_path / "runs").iterdir()
    run = Run.open(folder)
    assert run.manifest.state is State.RUNNING
    known = {repr(row) for row in undisturbed[0]["events"].to_pylist()}
    assert {repr(row) for row in run.read("events").to_pylist()} <= known
    resume(run, small(), model=FakeModel(reply=BACKEND.reply))
    is_whole(folder, undisturbed)
