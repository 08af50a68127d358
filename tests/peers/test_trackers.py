"""Runs in the experiment trackers themselves, each of which keeps what it is given in files."""

import asyncio
import json
import sqlite3
import struct

import pytest
from test_tracking import Phases, talk

from simnet import FakeModel, Run
from simnet.runs.launching.launcher import launch
from simnet.runs.options.options import ModelOptions, RunOptions
from simnet.runs.plans.plan import RunPlan
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.resume import resume_plan
from simnet.runs.watching import experiment_tracking
from simnet.scheduler.budget import Budget

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # the trackers' own
    pytest.mark.timeout(900),  # a new database of MLflow takes much, on a busy machine
]


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch):
    monkeypatch.setattr(experiment_tracking, "END_SECONDS", 800.0)


def begun(tmp_path, tracker):
    """Return a run that its budget has interrupted."""
    phases = Phases()
    budget = Budget(calls=4)
    plan = RunPlan(talk(), FakeModel(), tmp_path / "runs", track=tracker, budget=budget)
    made = asyncio.run(launch(plan, phases))
    assert made.state == "interrupted"
    assert [line for line in phases.lines if "fails" in line] == []
    return made


def resumed(made, tracker):
    options = RunOptions(models=ModelOptions(model=FakeModel()), track=tracker)
    plan = resume_plan(Run.open(made.folder), ScenarioTimeline(talk()), options)
    result = asyncio.run(launch(plan))
    assert (result.run_id, result.state) == (made.run_id, "completed")
    return result


def test_a_run_is_in_the_store_of_mlflow(monkeypatch, tmp_path):
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    made = begun(tmp_path, "mlflow")
    client = mlflow.MlflowClient()
    number = client.get_experiment_by_name("talk").experiment_id
    (run,) = client.search_runs([number])
    assert run.info.status == "KILLED"
    result = resumed(made, "mlflow")
    (run,) = client.search_runs([number])
    assert (run.info.run_name, run.info.status) == (result.run_id, "FINISHED")
    assert run.data.metrics["calls"] == result.finish.progress.usage.calls
    assert run.data.params["scenario"] == "talk"


def wandb_records(folder):
    """Yield the records of what W&B keeps of a run: a log of LevelDB, in blocks of 32 KiB."""
    from wandb.proto.wandb_internal_pb2 import Record

    (file,) = folder.glob("*.wandb")
    content, place, parts = file.read_bytes(), 7, b""
    while place + 7 <= len(content):
        left = 32768 - place % 32768
        if left < 7:
            place += left
            continue
        _, length, kind = struct.unpack_from("<IHB", content, place)
        parts += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in {1, 4}:  # a whole record, or its last part
            yield Record.FromString(parts)
            parts = b""


def values(items):
    return {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in items}


def test_a_run_is_in_the_files_of_wandb(monkeypatch, tmp_path):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    made = begun(tmp_path, "wandb")
    result = resumed(made, "wandb")
    folders = sorted(
        (tmp_path / "wandb").glob("offline-run-*"), key=lambda one: one.stat().st_ctime
    )
    first, last = (list(wandb_records(folder)) for folder in folders)
    for records in (first, last):
        (run,) = {one.run.run_id: one.run for one in records if one.HasField("run")}.values()
        assert (run.run_id, run.display_name, run.project) == (result.run_id,) * 2 + ("talk",)
        assert values(run.config.update)["scenario"] == "talk"
    exits = [[one.exit.exit_code for one in part if one.HasField("exit")] for part in (first, last)]
    assert exits == [[255], [0]]
    rows = [values(one.history.item) for one in last if one.HasField("history")]
    assert rows[-1]["calls"] == result.finish.progress.usage.calls
    assert rows[-1]["elapsed"] >= 0
    summary = {}
    for one in last:
        summary |= values(one.summary.update) if one.HasField("summary") else {}
    assert summary["state"] == "completed"


def test_wandb_without_a_key_asks_for_none_and_ends_no_run(monkeypatch, tmp_path):
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    import wandb

    wandb.teardown()
    phases = Phases()
    plan = RunPlan(talk(), FakeModel(), tmp_path / "runs", track="wandb")
    assert asyncio.run(launch(plan, phases)).state == "completed"
    (said,) = [line for line in phases.lines if "wandb fails" in line]
    assert said.endswith("W&B has no key: run `wandb login`, or set WANDB_MODE=offline")


def test_a_run_is_in_the_database_of_trackio(monkeypatch, tmp_path, capsys):
    from trackio import sqlite_storage, utils

    for module in (utils, sqlite_storage):
        monkeypatch.setattr(module, "TRACKIO_DIR", tmp_path / "trackio")
    made = begun(tmp_path, "trackio")
    result = resumed(made, "trackio")
    (file,) = (tmp_path / "trackio").glob("*.db")
    with sqlite3.connect(file) as connection:
        query = "select run_name, step, metrics from metrics order by step"
        points = connection.execute(query).fetchall()
        (config,) = connection.execute("select distinct config from configs").fetchone()
    assert {name for name, _, _ in points} == {result.run_id}
    assert [step for _, step, _ in points] == list(range(len(points)))
    told = [json.loads(metrics) for _, _, metrics in points]
    assert [one for one in told if "calls" not in one] == [{"interrupted": 1.0}, {"completed": 1.0}]
    assert told[-2]["calls"] == result.finish.progress.usage.calls
    assert json.loads(config)["scenario"] == "talk"
    assert "rackio" not in capsys.readouterr().out
