"""The actors of a run write their logs into its run directory."""

import asyncio
import json
import os
import signal
import socket
from pathlib import Path

import pytest
import ray
from ray.exceptions import RayActorError
from test_tracing import ENDPOINT, collecting
from waiting import until

from simnet import Cohort, Scenario, Steps, sample
from simnet.foundation import log
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.runs.launching.launcher import launch
from simnet.runs.plans.plan import RunPlan
from simnet.runtime.ray.engines.llm_server import LlmServer
from simnet.runtime.ray.engines.shared_engines import SharedEngines
from simnet.runtime.ray.engines.supervisor import Supervisor
from simnet.runtime.ray.record_keeper import RecordKeeper
from simnet.runtime.restart_policy import Restarts

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]


def read_log(folder: Path, actor: str) -> list[dict[str, object]]:
    lines = (folder / "logs" / f"{actor}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.usefixtures("cluster")
def test_each_actor_logs_to_its_own_file_with_run_actor_and_simulated_time(tmp_path):
    async def says(me, view, ask):
        print("I am\nand more")  # noqa: T201
        print("begun, ", end="")  # noqa: T201
        await ask("You are here.", "What now?")
        print("ended")  # noqa: T201
        return []

    people = Cohort("people", sample(4), rhythm=Steps(60.0), behaviour=says)
    scenario = Scenario("logged", [people], lasts=120.0)
    plan = RunPlan(scenario, FakeBackend(), tmp_path, personas_per_actor=2)
    folder = asyncio.run(launch(plan)).folder
    events = {
        actor: [line["event"] for line in read_log(folder, actor)]
        for actor in ("recorder", "scheduler", "model-default")
    }
    assert events["recorder"] == ["record opened", "record sealed"]
    assert (events["scheduler"][0], events["scheduler"][-1]) == ("scheduler started", "completed")
    assert events["model-default"] == ["model loaded"]
    last = read_log(folder, "scheduler")[-1]
    assert (last["run"], last["actor"], last["level"]) == (folder.name, "scheduler", "info")
    assert last["now"] > 0
    assert last["done"] > 0
    printed = [line for line in read_log(folder, "agents-0") if line["event"] == "printed"]
    assert [line["text"] for line in printed][:2] == ["I am", "and more"]
    assert {line["text"] for line in printed} == {"I am", "and more", "begun, ended"}
    assert {line["who"] for line in printed} <= {persona.id for persona in people.personas}
    assert {line["node"] for line in printed} == {socket.gethostname()}
    assert all(line["file"] == __file__ and line["now"] >= 0 for line in printed)


@pytest.mark.usefixtures("cluster", "patient_starts")
def test_an_engine_without_the_run_directory_logs_to_each_recorder_of_the_run(tmp_path):
    """Also after it was started again, and while there was no recorder."""

    def logged():
        file = tmp_path / "logs" / "model-default.jsonl"
        return file.read_text(encoding="utf-8").count("\n") if file.is_file() else 0

    async def supervise():
        logs = log.ActorLogs("model-default", tmp_path / "on another node")
        server = ray.remote(LlmServer).options(max_restarts=-1).remote(FakeBackend(), logs=logs)
        supervisor = Supervisor(server, "f", told.append, Restarts(5, 900.0, first=0.0))
        supervisor.begin()
        for lines in (1, 2):
            recorder = ray.remote(RecordKeeper).remote(tmp_path)
            supervisor.log_to(recorder)
            ready = await supervisor.up()
            await until(lambda lines=lines: logged() == lines)
            ray.kill(recorder)
            if lines == 1:
                os.kill(ready.pid, signal.SIGKILL)
                await until(lambda: "the model f is back" in told)
        await supervisor.stop()
        ray.kill(server)

    told = []
    asyncio.run(supervise())
    lines = read_log(tmp_path, "model-default")
    assert [line["event"] for line in lines] == ["model loaded", "model loaded"]
    assert {line["run"] for line in lines} == {"on another node"}


@pytest.mark.usefixtures("cluster", "patient_starts")
def test_an_engine_that_runs_of_a_study_share_logs_into_the_folder_of_the_study(tmp_path):
    """From a node that does not have the folder, through an actor on the driver's."""
    file = tmp_path / "logs" / "model-default.jsonl"

    async def share():
        logs = log.ActorLogs("model-default", tmp_path / "on another node")
        server = ray.remote(LlmServer).remote(FakeBackend(), logs=logs)
        supervisor = Supervisor(server, "f", lambda _: None, Restarts(5, 900.0, first=0.0))
        supervisor.begin()
        async with SharedEngines(tmp_path, address="auto") as shared:
            shared._keep_logs(supervisor)
            await supervisor.up()
            await until(lambda: file.is_file() and file.read_text().endswith("\n"))
            keeper = shared._log_keeper
        await supervisor.stop()
        ray.kill(server)
        with pytest.raises(RayActorError):
            await keeper.keep_logs.remote([])

    asyncio.run(share())
    (line,) = read_log(tmp_path, "model-default")
    assert (line["event"], line["run"]) == ("model loaded", "on another node")


@pytest.mark.usefixtures("cluster")
def test_the_scheduler_of_a_cluster_sends_spans_where_the_driver_says(monkeypatch, tmp_path):
    people = Cohort("people", sample(4), rhythm=Steps(60.0))
    scenario = Scenario("traced", [people], lasts=120.0)
    with collecting() as (url, received):
        monkeypatch.setenv(ENDPOINT, url)
        plan = RunPlan(scenario, FakeBackend(), tmp_path, personas_per_actor=2, trace_turns=1.0)
        made = asyncio.run(launch(plan))
    turns = [span for _, span in received() if span.name == "turn"]
    assert len(turns) == made.finish.progress.ledger.done > 0
    facts = [{item.key: item.value.string_value for item in one.attributes} for one in turns]
    assert {one["simnet.host"] for one in facts} == {"agents-0", "agents-1"}
    assert {one["simnet.run"] for one in facts} == {made.run_id}
