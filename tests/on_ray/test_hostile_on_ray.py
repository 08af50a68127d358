"""Hostile scenarios on Ray end as they do in one process: one error with its place, or its turn.

A few pairs of a place in the user's code and a fault there are tried each time; with HOSTILE=all,
as `make hostile` has it, every pair is.
"""

import asyncio
import os

import pytest
import test_hostile_scenarios as hostile

from simnet import Run
from simnet.errors import SimnetError, UserCodeError
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.runs.launching.launcher import RunPlan, launch
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replay import replay

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("cluster")]


def run(scenario, root, **options):
    options = {"personas_per_actor": 2, "modules": [hostile], **options}
    return asyncio.run(launch(RunPlan(scenario, FakeBackend(), root, **options)))


def town(place, name):
    does = hostile.raiser(name) if name in hostile.RAISES else hostile.RETURNS[name]
    return hostile.PLACES[place](does)


CHOSEN = [
    ("behaviour", "SystemExit", 2),
    ("behaviour", "CancelledError", 2),
    ("actions", "None", 1),
    ("ranking", "KeyboardInterrupt", 2),
    ("effect", "NaN", 2),
    ("ties", "None", 2),
]
EVERY = [
    (place, name, 2) for place in hostile.PLACES for name in (*hostile.RAISES, *hostile.RETURNS)
]


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize(
    ("place", "name", "each"), EVERY if os.environ.get("HOSTILE") == "all" else CHOSEN
)
def test_a_run_ends_as_it_does_in_one_process(place, name, each, tmp_path):
    scenario, error = _made(place, name)
    if scenario is None:  # where its code is called while it is made, nothing starts
        assert isinstance(error, SimnetError), error
        return
    try:
        run(scenario, tmp_path / "ray", personas_per_actor=each)
    except SimnetError as raised:
        error = raised
    there = Run.open(next((tmp_path / "ray").iterdir())) if (tmp_path / "ray").exists() else None
    here, expected = hostile.played(lambda: scenario, tmp_path / "here", "stop")
    assert type(error) is type(expected), error
    assert here is None or there is not None  # `simnet.run` finds some faults before it begins
    if isinstance(error, UserCodeError):
        fields = ("kind", "function", "problem", "cohort", "file", "line", "source")
        assert [getattr(error, field) for field in fields] == [
            getattr(expected, field) for field in fields
        ]
    if there is not None:
        assert there.manifest.state == ("failed" if error else "completed")
        assert here is None or here.manifest.state == there.manifest.state
        assert there.sealed


def _made(place, name):
    try:
        return town(place, name), None
    except SimnetError as error:
        return None, error


def test_a_turn_may_fail_alone(tmp_path):
    scenario = town("behaviour", "SystemExit")
    outcome = run(scenario, tmp_path / "ray", on_error="fail")
    here, _ = hostile.played(lambda: scenario, tmp_path / "here", "fail")
    there = Run.open(outcome.folder)
    assert there.read("events").to_pylist() == here.read("events").to_pylist()
    assert replay(there, ScenarioTimeline(scenario)).differences == ()
