"""Several models with several replicas each on Ray: the record is that of one process."""

import asyncio
import os
import signal
from contextlib import suppress

import pytest
from waiting import Hold

from simnet import MINUTE, Cohort, FakeModel, Run, Scenario, Steps, sample
from simnet.errors import RunError
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.inference.fakes.fake import plausible
from simnet.runs.launching.launcher import RunPlan, launch
from simnet.runtime.base import Silent

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("cluster", "patient_starts")]

MODELS = ("big", "small")


def town():
    people = sample(8, seed=3)
    rhythm = Steps(10 * MINUTE)
    cohorts = [
        Cohort("ours", people[:5], rhythm=rhythm, reacts_in=MINUTE, follows={"theirs": 0.8}),
        Cohort("theirs", people[5:], rhythm=rhythm, reacts_in=MINUTE, model="small"),
    ]
    return Scenario("town", cohorts, lasts=100 * MINUTE, seed=11)


def seen(folder, name, death=None, times=1):
    """Reply as the fake does and leave a file named by model and process.

    Where `death` is given, `times` processes in all end instead of replying.
    """

    # Nested, because functions of this module cannot be imported elsewhere.
    def reply(prompt):
        (folder / f"{name}-{os.getpid()}").touch()
        if death is not None and prompt.seed % 3 == 0:
            for number in range(times):
                with suppress(FileExistsError):
                    (death / str(number)).touch(exist_ok=False)
                    os.kill(os.getpid(), signal.SIGKILL)
        return plausible(prompt)

    return reply


def backend(folder, name, replicas, hold=None, **death):
    folder.mkdir(exist_ok=True)
    usual = lambda prompt: prompt.seed % 50 / 1000  # noqa: E731
    return FakeBackend(
        model=name,
        replicas=replicas,
        reply=seen(folder, name, **death),
        delay=hold.delay(usual) if hold else usual,
    )


def play(root, big, small, reporter=None, **options):
    plan = RunPlan(town(), big, root, models={"small": small}, **options)
    return asyncio.run(launch(plan, reporter))


def tables(outcome):
    record = Run.open(outcome.folder)
    names = ("events", "calls", "exposures", "personas", "network", "ledger")
    found = {name: record.read(name) for name in names}
    found["calls"] = found["calls"].drop_columns(["seconds"])
    return found


@pytest.fixture(scope="module")
def in_one_process(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    outcome = play(root, FakeModel(name="big"), FakeModel(name="small"))
    assert outcome.finish.progress.ledger.planned == 88
    return tables(outcome)


@pytest.mark.parametrize(("replicas", "per_actor"), [((2, 2), 4), ((3, 1), 1)])
def test_replicas_leave_the_record_of_one_process(in_one_process, tmp_path, replicas, per_actor):
    calls = tmp_path / "calls"
    big, small = (backend(calls, *one) for one in zip(MODELS, replicas, strict=True))
    outcome = play(tmp_path / "runs", big, small, personas_per_actor=per_actor)
    assert tables(outcome) == in_one_process
    for name, count in zip(MODELS, replicas, strict=True):
        assert len(list(calls.glob(f"{name}-*"))) == count
    manifest = Run.open(outcome.folder).manifest
    assert (manifest.model.name, manifest.model.replicas) == ("big", replicas[0])
    assert (manifest.models["small"].name, manifest.models["small"].replicas) == (
        "small",
        replicas[1],
    )


class Releasing(Silent):
    """Lets a run go on once the model that died is back."""

    def __init__(self, hold):
        self._hold = hold

    def phase(self, text):
        if text.endswith(" is back"):
            self._hold.release()


def test_a_killed_replica_is_restarted_while_the_others_answer(in_one_process, tmp_path):
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    calls = tmp_path / "calls"
    hold = Hold(tmp_path, since=50 * MINUTE)  # nobody would know of a death after the last turn
    big = backend(calls, "big", 2, hold, death=deaths, times=1)
    small = backend(calls, "small", 2, hold)
    outcome = play(tmp_path / "runs", big, small, Releasing(hold), personas_per_actor=4)
    assert outcome.state == "completed"
    assert tables(outcome) == in_one_process
    assert outcome.finish.progress.incidents == ("server died",)
    engines = {state.engine: state.restarts for state in outcome.finish.progress.engines}
    assert sorted(engines) == ["default.0", "default.1", "small.0", "small.1"]
    assert sorted(engines.values()) == [0, 0, 0, 1]
    metrics = Run.open(outcome.folder).read("metrics").to_pylist()
    restarts = {row["name"]: row["value"] for row in metrics if row["name"].endswith("restarts")}
    assert restarts == {f"model.{name}.restarts": count for name, count in engines.items()}


def test_a_replica_that_dies_too_often_ends_the_run_and_is_named(tmp_path):
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    big = backend(tmp_path / "calls", "big", 2, death=deaths, times=99)
    small = backend(tmp_path / "calls", "small", 1)
    with pytest.raises(RunError, match=r"default\.\d \(big\) failed 1 time, more than 0"):
        play(tmp_path / "runs", big, small, restarts=0, personas_per_actor=8)
    (folder,) = (tmp_path / "runs").iterdir()
    record = Run.open(folder)
    assert (record.manifest.state, record.sealed) == ("failed", True)
