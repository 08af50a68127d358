"""Hostile scenarios on Ray end as they do in one process: one error with its place, or its turn."""

import asyncio

import pytest
import test_hostile_scenarios as hostile

from simnet import Run
from simnet.errors import SimnetError, UserCodeError
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.runs.launcher import RunPlan, launch
from simnet.runs.reload_scenario import ScenarioTimeline
from simnet.runs.replay import replay

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("cluster")]


def run(scenario, root, **options):
    options = {"personas_per_actor": 2, "modules": [hostile], **options}
    return asyncio.run(launch(RunPlan(scenario, FakeBackend(), root, **options)))


def town(place, name):
    does = hostile.raiser(name) if name in hostile.RAISES else hostile.RETURNS[name]
    return hostile.PLACES[place](does)


@pytest.mark.parametrize(
    ("place", "name", "each"),
    [
        ("behaviour", "KeyError", 1),
        ("behaviour", "SystemExit", 2),
        ("behaviour", "CancelledError", 2),
        ("plain_behaviour", "a generator", 2),
        ("actions", "None", 1),
        ("ranking", "KeyboardInterrupt", 2),
        ("source", "beyond", 2),
        ("verb", "SystemExit", 2),
        ("effect", "NaN", 2),
        ("after", "unprintable", 2),
        ("first", "a text", 2),
        ("ties", "None", 2),
        ("portrait", "None", 2),
    ],
)
def test_the_error_is_that_of_a_run_in_one_process(place, name, each, tmp_path):
    scenario = town(place, name)
    with pytest.raises(SimnetError) as raised:
        run(scenario, tmp_path / "ray", personas_per_actor=each)
    error = raised.value
    assert isinstance(error, UserCodeError), error
    _, expected = hostile.played(lambda: scenario, (tmp_path / "here"), "stop")
    fields = ("kind", "function", "problem", "cohort", "file", "line", "source")
    assert [getattr(error, name) for name in fields] == [getattr(expected, name) for name in fields]
    (folder,) = (tmp_path / "ray").iterdir()
    record = Run.open(folder)
    assert record.manifest.state == "failed"
    assert record.sealed


def test_a_turn_may_fail_alone(tmp_path):
    scenario = town("behaviour", "SystemExit")
    outcome = run(scenario, tmp_path / "ray", on_error="fail")
    here, _ = hostile.played(lambda: scenario, tmp_path / "here", "fail")
    there = Run.open(outcome.folder)
    assert there.read("events").to_pylist() == here.read("events").to_pylist()
    assert replay(there, ScenarioTimeline(scenario)).differences == ()
