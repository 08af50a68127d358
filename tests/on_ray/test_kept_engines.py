"""Engines that are kept for several runs: who uses them, and what outlives what."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
from functools import partial

import psutil
import pytest
import ray
from waiting import wait_until

from simnet import MINUTE, Cohort, FakeModel, Run, Scenario, Steps, sample
from simnet.errors import UsageError
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.runs.launching.launcher import launch
from simnet.runs.options.options import ModelOptions, RunOptions
from simnet.runs.plans.plan import RunPlan
from simnet.runs.plans.provenance import from_python
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.resume import resume_plan
from simnet.runs.start import start_plan
from simnet.runtime.base import Silent
from simnet.runtime.ray.engines.borrowed_engines import keeper_named
from simnet.runtime.ray.engines.engine_keeper import folder_of
from simnet.runtime.ray.engines.keep_engines import EnginesToKeep, end_keeper, make_keeper
from simnet.scheduler.budget import Budget

pytestmark = [pytest.mark.ray, pytest.mark.timeout(300)]

SCENARIO = """
from simnet import Cohort, Scenario, Steps, sample
people = Cohort("people", sample(6), rhythm=Steps(60.0), reacts_in=60.0, follows={"people": 1.0})
talk = Scenario("talk", [people], lasts=6000.0)
"""


def talk(lasts=20 * MINUTE):
    people = Cohort("people", sample(4), rhythm=Steps(MINUTE), follows={"people": 1.0})
    return Scenario("talk", [people], lasts=lasts)


@pytest.fixture
def kept(cluster, tmp_path):
    """Makes engines that are kept under a name, and ends them."""
    keepers = []

    def make(name, **backend):
        keeper = make_keeper(EnginesToKeep(name=name, backend=FakeBackend(**backend)))
        keepers.append(keeper)
        ray.get(keeper.start.remote())
        return keeper

    yield make
    for keeper in keepers:
        asyncio.run(end_keeper(keeper))


def test_kept_engines_log_beside_what_keeps_them(kept):
    kept("logged")
    file = folder_of("logged") / "logs" / "model-default.jsonl"
    wait_until(lambda: file.is_file() and file.read_text().endswith("\n"))
    (line,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert (line["event"], line["run"]) == ("model loaded", "logged")
    assert line["actor"] == "model-default"


def state(keeper):
    return ray.get(keeper.describe_state.remote())


def plan_on(name, out, **options):
    models = ModelOptions(engines=name, **options)
    options = RunOptions(models=models, out=out, personas_per_actor=4)
    return start_plan(from_python(talk(), None), options)


def test_a_run_on_kept_engines_has_the_record_of_one_with_its_own_and_leaves_them_up(
    kept, tmp_path
):
    own = asyncio.run(launch(RunPlan(talk(), FakeBackend(), tmp_path, ray=False)))
    keeper = kept("shared")
    shared = asyncio.run(launch(plan_on("shared", tmp_path)))
    assert shared.finish.digest == own.finish.digest
    mine, theirs = Run.open(shared.folder), Run.open(own.folder)
    for fact in ("model", "models", "backend", "determinism", "ledger"):
        assert getattr(mine.manifest, fact) == getattr(theirs.manifest, fact), fact
    for table in ("events", "exposures", "personas"):
        assert mine.read(table).equals(theirs.read(table)), table
    wait_until(lambda: not state(keeper).runs)
    assert [engine.state for engine in state(keeper).engines] == ["up"]

    spent = RunPlan(talk(), FakeBackend(), tmp_path, ray=False, budget=Budget(calls=9))
    stopped = asyncio.run(launch(spent))
    assert stopped.state == "interrupted"
    options = RunOptions(models=ModelOptions(engines="shared"), personas_per_actor=4)
    plan = resume_plan(Run.open(stopped.folder), ScenarioTimeline(talk()), options)
    assert asyncio.run(launch(plan)).finish.digest == own.finish.digest
    assert Run.open(stopped.folder).manifest.model == theirs.manifest.model


def test_a_fork_uses_kept_engines(kept, tmp_path):
    keeper = kept("forked")
    parent = Run.open(asyncio.run(launch(RunPlan(talk(), FakeBackend(), tmp_path))).folder)
    options = {"before": talk(), "personas_per_actor": 4}
    own = parent.fork(10 * MINUTE, talk(), model=FakeModel(), **options)
    lent = parent.fork(10 * MINUTE, talk(), engines="forked", **options)
    for table in ("events", "exposures"):
        assert lent.read(table).equals(own.read(table)), table
    assert lent.manifest.model == parent.manifest.model
    wait_until(lambda: not state(keeper).runs)
    assert [engine.state for engine in state(keeper).engines] == ["up"]


class KillingKeeper(Silent):
    """Kills the process of what keeps the engines, once the run has some turns."""

    def __init__(self, keeper):
        self._keeper = keeper
        self.killed = False

    def progress(self, progress):
        if not self.killed:
            self.killed = True
            ray.kill(self._keeper, no_restart=False)


def test_a_run_outlives_the_kill_of_what_keeps_its_engines(kept, tmp_path):
    killing = KillingKeeper(kept("lost", delay=lambda _: 0.01))
    made = asyncio.run(launch(plan_on("lost", tmp_path), killing))
    assert killing.killed
    own = asyncio.run(launch(RunPlan(talk(), FakeBackend(), tmp_path / "own", ray=False)))
    assert made.finish.digest == own.finish.digest


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "Qwen"}, "serve fake .fake., and the run asks for the model Qwen"),
        ({"backend": "vllm"}, "serve fake .fake., and the run asks for the backend vllm"),
    ],
)
def test_what_kept_engines_do_not_serve_is_told_before_a_run_begins(
    kept, tmp_path, options, message
):
    kept("other")
    with pytest.raises(UsageError, match=message):
        asyncio.run(launch(plan_on("other", tmp_path, **options)))
    with pytest.raises(UsageError, match="no engines are kept under the name 'none'"):
        asyncio.run(launch(plan_on("none", tmp_path)))
    assert not list(tmp_path.iterdir())


def test_a_killed_run_leaves_no_call_and_an_engine_that_dies_is_restarted_under_a_run(
    kept, tmp_path
):
    released = tmp_path / "released"

    def delay(prompt):
        return 0.001 if released.exists() else 3600.0

    keeper = kept("slow", delay=delay)
    (tmp_path / "talk.py").write_text(textwrap.dedent(SCENARIO), encoding="utf-8")
    address = ray.get_runtime_context().gcs_address
    command = [sys.executable, "-m", "simnet", "run", "talk.py", "--engines", "slow"]
    killed = subprocess.Popen(
        [*command, "--address", address, "--personas-per-actor", "3", "--quiet"], cwd=tmp_path
    )
    wait_until(lambda: [share.in_flight for share in state(keeper).runs] == [6])
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    wait_until(lambda: not state(keeper).runs)
    (server,) = ray.get(keeper.lend.remote("test", "job")).servers
    assert ray.get(server.shares.remote()) == []
    assert [engine.state for engine in state(keeper).engines] == ["up"]

    released.touch()
    ready = ray.get(server.start.remote())
    seen = Killing(ready.pid)
    outcome = asyncio.run(launch(plan_on("slow", tmp_path), seen))
    assert outcome.state == "completed"
    assert seen.killed
    (engine,) = state(keeper).engines
    assert (engine.state, engine.restarts) == ("up", 1)


class Killing(Silent):
    """Kills the process of an engine once the run has some turns."""

    def __init__(self, pid):
        self._pid = pid
        self.killed = False

    def progress(self, progress):
        if not self.killed:
            self.killed = True
            psutil.Process(self._pid).kill()


@pytest.mark.parametrize("detached", [False, True])
def test_engines_on_a_cluster_end_with_a_serve_that_is_killed_unless_detached(
    cluster, tmp_path, detached
):
    address = ray.get_runtime_context().gcs_address
    command = [sys.executable, "-m", "simnet", "serve", "--backend", "fake", "--name", "gone"]
    command += ["--address", address, *(["--detach"] if detached else [])]
    with (tmp_path / "said").open("w") as said:
        serve = subprocess.Popen(command, cwd=tmp_path, stderr=said)
    wait_until(lambda: " is up at " in (tmp_path / "said").read_text())
    keeper = keeper_named("gone")
    if detached:
        assert serve.wait() == 0
        assert [engine.state for engine in state(keeper).engines] == ["up"]
        asyncio.run(end_keeper(keeper))
    serve.kill()
    serve.wait()
    wait_until(lambda: keeper_named("gone") is None)


def test_serve_keeps_engines_for_the_commands_of_this_machine_until_it_is_stopped(tmp_path):
    (tmp_path / "talk.py").write_text(textwrap.dedent(SCENARIO), encoding="utf-8")
    environment = {**os.environ, "RAY_TMPDIR": f"/tmp/kept-{os.getpid()}"}
    environment.pop("RAY_ADDRESS", None)
    command = partial(
        subprocess.run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    simnet = [sys.executable, "-m", "simnet"]
    serve = subprocess.Popen(
        [*simnet, "serve", "--backend", "fake", "--name", "here"],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines = []
        while not lines or " is up at " not in lines[-1]:
            lines.append(serve.stderr.readline())
            assert lines[-1], lines
        ran = command([*simnet, "run", "talk.py", "--engines", "here", "--quiet"])
        assert ran.returncode == 0, ran.stderr
        listed = json.loads(command([*simnet, "ps", "--json"]).stdout)
        (cluster,) = listed["clusters"]
        (engines,) = cluster["kept"]
        assert (engines["name"], engines["model"], engines["runs"]) == ("here", "fake", [])
        stopped = command([*simnet, "serve", "--stop", "here"])
        assert stopped.returncode == 0, stopped.stderr
        assert "the engines were stopped" in serve.communicate()[1]
        assert serve.returncode == 0
    finally:
        serve.kill()
        serve.wait()
    missing = command([*simnet, "run", "talk.py", "--engines", "here"])
    assert missing.returncode == 2
    assert "no `simnet serve` of this machine keeps engines called here" in missing.stderr


def test_a_run_that_names_engines_cannot_do_without_ray_or_change_their_settings():
    with pytest.raises(UsageError, match="kept engines are on Ray"):
        RunOptions(models=ModelOptions(engines="x"), ray=False)
    with pytest.raises(UsageError, match="replicas: kept engines have the settings"):
        ModelOptions(engines="x", replicas=2)
    with pytest.raises(UsageError, match="max_model_len: kept engines have the settings"):
        ModelOptions(engines={"big": "x"}, engine={"max_model_len": 512})
    with pytest.raises(UsageError, match="cannot be called 'a/b'"):
        ModelOptions(engines="a/b")
    with pytest.raises(UsageError, match="cannot be detached"):
        EnginesToKeep(name="x", backend=FakeBackend(), detach=True)
