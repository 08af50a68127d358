"""A run in an experiment tracker, which may fail and may be slow."""

import asyncio
import threading

import pytest

from simnet import Cohort, FakeModel, Scenario, Steps, sample
from simnet.errors import UsageError, UserCodeError
from simnet.runs.launching import launcher
from simnet.runs.launching.launcher import launch
from simnet.runs.plans.plan import RunPlan
from simnet.runs.watching import experiment_tracking, trackers
from simnet.runtime.base import Silent


class Kept:
    """A tracker that keeps what it is told."""

    def __init__(self):
        self.told = []

    def begin(self, run, experiment, facts):
        self.told.append(("begin", run, experiment, facts))

    def log(self, figures, seconds):
        self.told.append(("log", figures, seconds))

    def end(self, state):
        self.told.append(("end", state))


class Failing(Kept):
    def log(self, figures, seconds):
        raise ConnectionError("no server")


class Phases(Silent):
    def __init__(self):
        self.lines = []

    def phase(self, text):
        self.lines.append(text)


def talk():
    people = Cohort("people", sample(2), rhythm=Steps(60.0), follows={"people": 1.0})
    return Scenario("talk", [people], lasts=600.0)


def tracked(monkeypatch, tmp_path, tracker, model=None):
    monkeypatch.setattr(launcher, "check_tracker", lambda name: None)
    monkeypatch.setitem(trackers.TRACKERS, "kept", lambda: tracker)
    phases = Phases()
    plan = RunPlan(talk(), model or FakeModel(), tmp_path, track="kept", parameters={"size": 2})
    return asyncio.run(launch(plan, phases)), phases.lines


def test_a_tracker_is_told_what_is_run_how_it_goes_and_how_it_ends(monkeypatch, tmp_path):
    tracker = Kept()
    result, _ = tracked(monkeypatch, tmp_path, tracker)
    (_, run, experiment, facts), *points, end = tracker.told
    assert (run, experiment, end) == (result.run_id, "talk", ("end", "completed"))
    assert facts == {"scenario": "talk", "seed": "0", "parameter.size": "2"}
    assert points[-1][1]["turns_done"] == result.finish.progress.ledger.done
    assert points[-1][1]["calls"] == result.finish.progress.usage.calls > 0


def test_a_tracker_that_fails_is_told_once_and_ends_nothing(monkeypatch, tmp_path):
    result, lines = tracked(monkeypatch, tmp_path, Failing())
    assert result.state == "completed"
    told = [line for line in lines if "kept fails" in line]
    assert told == ["kept fails, so the run is not tracked any more: ConnectionError: no server"]


def test_a_tracker_that_never_answers_is_not_waited_for(monkeypatch, tmp_path):
    monkeypatch.setattr(experiment_tracking, "END_SECONDS", 0.01)
    released = threading.Event()

    class Stuck(Kept):
        def begin(self, run, experiment, facts):
            released.wait()

    result, lines = tracked(monkeypatch, tmp_path, Stuck())
    released.set()
    assert result.state == "completed"
    assert "the tracker takes too long; not waiting for it (kept)" in lines


def test_a_run_that_fails_is_shown_as_failed(monkeypatch, tmp_path):
    class Broken(FakeModel):
        async def generate(self, prompts):
            raise RuntimeError("broken")
            yield

    tracker = Kept()
    with pytest.raises(UserCodeError, match="broken"):
        tracked(monkeypatch, tmp_path, tracker, Broken())
    assert tracker.told[-1] == ("end", "failed")


def test_an_unknown_tracker_is_refused_before_a_run_begins(tmp_path):
    with pytest.raises(UsageError, match="there is no tracker 'mlfow'; did you mean 'mlflow'"):
        asyncio.run(launch(RunPlan(talk(), FakeModel(), tmp_path, track="mlfow")))
    assert not list(tmp_path.iterdir())
