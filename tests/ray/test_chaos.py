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
from simnet.analysis.replay import replay
from simnet.engine.again import resume
from simnet.engine.revive import Course
from simnet.engine.run import Launch, launch
from simnet.engine.stage import Silent
from simnet.inference.backend import Backend
from simnet.recording.manifest import State
from simnet.recording.verify import verify

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]

KILLS = int(os.environ.get("KILLS", "3"))
"""How often each component is killed; `make chaos` sets 20."""
ACTORS = ("PersonaAgents", "LlmServer", "RecordKeeper", "SchedulerActor")
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
    plan = Launch(small(), FakeModel(), tmp_path_factory.mktemp("runs"))
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
    assert replay(run, Course(small())).differences == ()


class Killer(Silent):
    """Kills an actor's process a while after the first replies."""

    def __init__(self, actor, chance):
        self._actor = actor
        self._chance = chance
        self.killed = 0

    def progress(self, progress):
        if progress.ledger.done and not self.killed:
            self.killed = -1
            delay = self._chance.uniform(0.0, 2.0)
            asyncio.get_running_loop().call_later(delay, self._kill)

    def _kill(self):
        found = [one for one in psutil.process_iter() if self._is_victim(one)]
        if found:
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
@pytest.mark.parametrize("actor", ACTORS)
def test_a_killed_actor_leaves_no_trace(actor, number, undisturbed, tmp_path):
    killer = Killer(actor, random.Random(f"{actor} {number}"))
    plan = Launch(small(), BACKEND, tmp_path, personas_per_actor=3)
    outcome = asyncio.run(launch(plan, killer))
    assert killer.killed > 0, "the run was over before anything was killed"
    is_whole(outcome.folder, undisturbed)


SCRIPT = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    sys.path[:0] = [sys.argv[2]]
    from test_chaos import BACKEND, small
    from simnet.engine.run import Launch, launch
    from simnet.engine.stage import Silent

    class Announcing(Silent):
        def progress(self, progress):
            if progress.ledger.done:
                print("replied", flush=True)

    plan = Launch(small(), BACKEND, Path(sys.argv[1]), personas_per_actor=3)
    asyncio.run(launch(plan, Announcing()))
    """
)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_driver_is_resumed(number, undisturbed, tmp_path):
    chance = random.Random(f"driver {number}")
    script = tmp_path / "driver.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(tmp_path / "runs"), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "replied\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=chance.uniform(0.0, 1.5))
        process.kill()
    (folder,) = (tmp_path / "runs").iterdir()
    run = Run.open(folder)
    assert run.manifest.state is State.RUNNING
    known = {repr(row) for row in undisturbed[0]["events"].to_pylist()}
    assert {repr(row) for row in run.read("events").to_pylist()} <= known
    resume(run, small(), model=FakeModel(reply=BACKEND.reply))
    is_whole(folder, undisturbed)
