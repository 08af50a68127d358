"""Any process of a run may be killed at any time: the record ends as if nothing had happened."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from waiting import Hold, rows_on_disk, wait_until

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
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.recording.checking.verify import verify
from simnet.recording.files.manifest import State
from simnet.recording.writing.run_directory import RunDirectory
from simnet.runs.launching.launcher import RunPlan, launch
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replay import replay
from simnet.runtime.base import Silent
from simnet.scheduler.budget import Budget

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]

KILLS = int(os.environ.get("KILLS", "1"))
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
"""Turns on disk, of some ninety, after which it is killed at the latest."""
HELD = 80 * MINUTE
"""Simulated time that a run does not pass before the kill."""
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


def backend(hold):
    # A lambda is sent to other processes by value: they cannot import this module.
    usual = lambda prompt: 0.02 + prompt.seed % 13 / 200  # noqa: E731
    return FakeBackend(delay=hold.delay(usual))


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
    found = tables(outcome.folder)
    early = [at for at in found["events"]["time"].to_pylist() if at < HELD - 5 * MINUTE]
    assert len(early) > LATEST, "a held run comes as far as the latest kill"
    return found, outcome.finish.digest


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
    """Kills an actor's process once so many turns are on disk."""

    def __init__(self, actor, chance, hold):
        self._actor = actor
        self._chance = chance
        self._after = chance.randrange(1, LATEST)
        self._moment = chance.uniform(0.0, 0.25)  # rows are written ten times a second
        self._hold = hold
        self.killed = 0

    def begun(self, folder):
        self._others = {process.pid for process in self._actors()}  # of runs before this one
        threading.Thread(target=self._kill, args=(folder.parent,), daemon=True).start()

    def _kill(self, root):
        try:
            wait_until(lambda: rows_on_disk(root, "events") >= self._after)
            time.sleep(self._moment)
            found = [one for one in self._actors() if one.pid not in self._others]
            victim = self._chance.choice(found).pid
            os.kill(victim, signal.SIGKILL)
            self.killed = victim
        finally:
            self._hold.release()

    def _actors(self):
        return [one for one in psutil.process_iter() if self._is_victim(one)]

    def _is_victim(self, process):
        try:
            title = " ".join(process.cmdline())
            return title.startswith(f"ray::{self._actor}") and _is_ours(process)
        except psutil.Error:
            return False


class EarlyKiller(Killer):
    """Kills an actor's process as soon as there is one: of the start, or of a rebuild.

    `moment` is `start`, `first second` or `rebuild`. In a rebuild the actor is killed twice: once
    turns are on disk, and again while the actors are made anew.
    """

    def __init__(self, moment, actor, chance, hold):
        super().__init__(actor, chance, hold)
        self._when = moment
        self._rebuilding = threading.Event()
        self.rebuilds = 0

    def phase(self, text):
        if "going on from the record" in text:
            self.rebuilds += 1
            self._rebuilding.set()
        if "starting the model again" in text:  # a server is restarted in place
            self._rebuilding.set()

    def _kill(self, root):
        try:
            if self._when == "rebuild":
                wait_until(lambda: rows_on_disk(root, "events") >= self._after)
                self._kill_one()
                self._rebuilding.wait()
            self._kill_one()
            if self._when == "first second":
                time.sleep(self._chance.uniform(0, 1))
                self._kill_one()
        finally:
            self._hold.release()

    def _kill_one(self):
        """Wait for an actor that was not there before, and kill it."""
        found = wait_until(lambda: [one for one in self._actors() if one.pid not in self._others])
        self.killed = self._chance.choice(found).pid
        self._others |= {one.pid for one in found}
        with suppress(ProcessLookupError):
            os.kill(self.killed, signal.SIGKILL)


def _is_ours(process):
    return os.getpid() in {parent.pid for parent in process.parents()}


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("number", range(KILLS))
@pytest.mark.parametrize(("actor", "each"), ACTORS)
def test_a_killed_actor_leaves_no_trace(actor, each, number, undisturbed, tmp_path):
    hold = Hold(tmp_path, HELD)
    killer = Killer(actor, random.Random(f"{actor} {number}"), hold)
    plan = RunPlan(small(), backend(hold), tmp_path / "runs", personas_per_actor=each)
    outcome = asyncio.run(launch(plan, killer))
    assert killer.killed > 0, "nothing was killed"
    is_whole(outcome.folder, undisturbed)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("number", range(KILLS))
@pytest.mark.parametrize("moment", ["start", "first second", "rebuild"])
def test_an_actor_killed_early_or_again_leaves_no_trace(moment, number, undisturbed, tmp_path):
    chance = random.Random(f"{moment} {number}")
    actor, each = chance.choice(ACTORS)
    hold = Hold(tmp_path, HELD)
    killer = EarlyKiller(moment, actor, chance, hold)
    plan = RunPlan(small(), backend(hold), tmp_path / "runs", personas_per_actor=each)
    outcome = asyncio.run(launch(plan, killer))
    assert killer.killed > 0, "nothing was killed"
    assert killer.rebuilds or actor == "LlmServer"  # a server is restarted in place
    is_whole(outcome.folder, undisturbed)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("number", range(KILLS))
def test_an_actor_killed_while_a_run_is_resumed_leaves_no_trace(number, undisturbed, tmp_path):
    chance = random.Random(f"resume {number}")
    actor, each = chance.choice(ACTORS)
    spent = Budget(calls=chance.randrange(1, LATEST))
    run = Run.open(
        asyncio.run(launch(RunPlan(small(), FakeModel(), tmp_path, budget=spent))).folder
    )
    assert run.manifest.state is not State.COMPLETED
    hold = Hold(tmp_path, HELD)
    plan = RunPlan(
        small(),
        backend(hold),
        tmp_path,
        personas_per_actor=each,
        into=RunDirectory.reopen(run),
        continuation=ScenarioTimeline(small()).continuation(run),
    )
    killer = EarlyKiller(chance.choice(["start", "first second"]), actor, chance, hold)
    asyncio.run(launch(plan, killer))
    assert killer.killed > 0, "nothing was killed"
    is_whole(run.path, undisturbed)


SCRIPT = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    sys.path[:0] = sys.argv[2:]
    from test_chaos import HELD, backend, small
    from waiting import Hold
    from simnet.runs.launching.launcher import RunPlan, launch

    folder = Path(sys.argv[1])
    plan = RunPlan(small(), backend(Hold(folder, HELD)), folder / "runs", personas_per_actor=3)
    asyncio.run(launch(plan))
    """
)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_driver_is_resumed(number, undisturbed, tmp_path):
    after = random.Random(f"driver {number}").randrange(1, LATEST)
    script = tmp_path / "driver.py"
    script.write_text(SCRIPT)
    here = Path(__file__).parent
    command = [sys.executable, str(script), str(tmp_path), str(here), str(here.parent)]
    runs = tmp_path / "runs"
    with (tmp_path / "stderr").open("w") as told, subprocess.Popen(command, stderr=told) as process:
        try:
            wait_until(lambda: process.poll() is not None or rows_on_disk(runs, "events") >= after)
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL, (tmp_path / "stderr").read_text()
    (folder,) = runs.iterdir()
    run = Run.open(folder)
    assert run.manifest.state is State.RUNNING
    known = {repr(row) for row in undisturbed[0]["events"].to_pylist()}
    there = {repr(row) for row in run.read("events").to_pylist()}
    assert len(there) >= after
    assert there < known
    resume(run, small(), model=FakeModel())
    is_whole(folder, undisturbed)
