"""A run through Ray actors leaves the same record as a run in one process."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pyarrow as pa
import pytest

import simnet
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
    TakingTurns,
    Write,
    sample,
)
from simnet.errors import RunError, UserCodeError
from simnet.inference.backend import Backend
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.rhythms import round_robin
from simnet.runs.launching import active_run
from simnet.runs.launching.launcher import RunPlan, RunResult, launch

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("cluster")]

WALL_TIME = "seconds"


def neighbours() -> Scenario:
    council = Persona(id="council", description="The town council.")
    return Scenario(
        "neighbours",
        [
            Cohort("officials", [council], rhythm=Never()),
            Cohort(
                "people",
                sample(6, seed=3),
                rhythm=Exponential(10 * MINUTE),
                reacts_in=4 * MINUTE,
                follows={"officials": 1.0, "people": 0.5},
            ),
        ],
        cues=[Cue(MINUTE, "council", Write("Parking becomes a bike lane in May."))],
        lasts=90 * MINUTE,
        seed=11,
    )


def run(scenario: Scenario, backend: Backend | FakeModel, root: Path, **options) -> RunResult:
    return asyncio.run(launch(RunPlan(scenario, backend, root, **options)))


def tables(outcome: RunResult) -> dict[str, pa.Table]:
    record = Run.open(outcome.folder)
    found = {
        name: record.read(name)
        for name in ("events", "calls", "exposures", "personas", "network", "ledger")
    }
    found["calls"] = found["calls"].drop_columns([WALL_TIME])
    return found


@pytest.fixture(scope="module")
def in_one_process(tmp_path_factory) -> dict[str, pa.Table]:
    outcome = run(neighbours(), FakeModel(), tmp_path_factory.mktemp("runs"))
    assert outcome.finish.progress.ledger.done > 20
    return tables(outcome)


@pytest.mark.parametrize("per_actor", [1, 4], ids=["one-actor-per-persona", "packed"])
def test_tables_from_ray_equal_those_from_one_process(in_one_process, tmp_path, per_actor):
    backend = FakeBackend()
    outcome = run(neighbours(), backend, tmp_path, personas_per_actor=per_actor)
    assert tables(outcome) == in_one_process


def test_tables_are_equal_when_replies_come_late_and_out_of_order(in_one_process, tmp_path):
    backend = FakeBackend(delay=lambda prompt: prompt.seed % 97 / 1000)
    assert tables(run(neighbours(), backend, tmp_path)) == in_one_process


@pytest.mark.parametrize("per_actor", [1, 4], ids=["one-actor-per-persona", "packed"])
def test_tables_are_equal_when_calls_are_made_early(in_one_process, tmp_path, per_actor):
    backend = FakeBackend(delay=lambda prompt: 0.05 + prompt.seed % 97 / 500)
    outcome = run(neighbours(), backend, tmp_path, personas_per_actor=per_actor, prefetch="ahead")
    assert tables(outcome) == in_one_process
    progress = outcome.finish.progress
    assert progress.prefetch_problem is None
    assert 0 < progress.usage.early_hits <= progress.usage.early


def test_tables_are_equal_without_ray_and_on_ray_inside_an_event_loop(in_one_process, tmp_path):
    backend = FakeBackend()
    assert tables(run(neighbours(), backend, tmp_path, ray=False)) == in_one_process

    async def cell():
        return simnet.run(neighbours(), backend="fake", ray=True, out=tmp_path)

    record = asyncio.run(cell())
    assert record.read("events").equals(in_one_process["events"])
    assert record.manifest.placement["actors"] > 0


def test_a_behaviour_that_raises_ends_the_run_and_names_the_persona(tmp_path):
    async def broken(me, view, ask):
        await ask("system", "user")
        raise ZeroDivisionError("not today")

    scenario = Scenario("broken", [Cohort("people", sample(2), behaviour=broken)])
    with pytest.raises(UserCodeError, match="not today"):
        run(scenario, FakeBackend(), tmp_path)
    (folder,) = tmp_path.iterdir()
    record = Run.open(folder)
    assert record.manifest.state == "failed"
    assert "not today" in record.manifest.error
    assert record.sealed


def test_an_agent_actor_that_always_dies_ends_the_run_with_an_intact_record(tmp_path, monkeypatch):
    monkeypatch.setattr(active_run, "REBUILDS", 2)
    speakers = [persona.id for persona in sample(2)]

    def die_once_recorded():
        (folder,) = tmp_path.iterdir()
        while Run.open(folder).read("events").num_rows < 6:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGKILL)

    async def dying(me, view, ask):
        if view.turn == 3:
            die_once_recorded()
        return Write(f"turn {view.turn}")

    rhythm = TakingTurns(round_robin(speakers, 20))
    people = Cohort("people", sample(2), behaviour=dying, rhythm=rhythm, reacts_in=30.0)
    with pytest.raises(RunError, match=r"actor died.*more than 2 times"):
        run(Scenario("dying", [people]), FakeBackend(), tmp_path)
    (folder,) = tmp_path.iterdir()
    record = Run.open(folder)
    assert record.manifest.state == "failed"
    said = record.read("events")["text"].to_pylist()
    assert said == [f"turn {number // 2}" for number in range(6)]
