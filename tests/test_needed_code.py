"""What code of a scenario imports where it is sent: which modules, and whose they are."""

import sys
from importlib import metadata

import pytest

from simnet.inference.backends.fake_backend import FakeBackend
from simnet.runs.cluster.scenario_code import code_of
from simnet.runs.plans.plan import RunPlan
from simnet.runtime.nodes.needed_code import needed_code
from simnet.scenario.files.loading import load_scenario

pytest.importorskip("ray")

SCENARIO = """
import json

import packaging.version
import platformdirs
import yaml

from simnet import Cohort, Scenario, Steps, sample
import habits

try:
    import surely_not_there as fast_json
except ImportError:
    fast_json = json

dirs = platformdirs.user_state_path("town")  # not needed where the code is sent


async def thinks(me, view, ask):
    def later():
        from pydantic import BaseModel
        return BaseModel
    return habits.usual(yaml.safe_load("a: 1"), packaging.version, later, fast_json)


async def bears_it(me, view, ask):
    try:
        import structlog
    except ImportError:
        return []


def plotted():
    import matplotlib


def town() -> Scenario:
    people = Cohort("people", sample(2), rhythm=Steps(60.0), behaviour=thinks)
    return Scenario("town", [people, Cohort("few", sample(2, seed=9), behaviour=bears_it)])
"""
HABITS = """
from psutil import cpu_count


def usual(*_):
    return [cpu_count()] and []
"""


@pytest.fixture
def loaded(tmp_path):
    (tmp_path / "town.py").write_text(SCENARIO)
    (tmp_path / "habits.py").write_text(HABITS)
    yield load_scenario(str(tmp_path / "town.py"))
    sys.modules.pop("habits", None)


def test_the_packages_of_code_that_is_sent_are_found_with_their_versions(loaded):
    """Not those that only the making of the scenario needs, nor guarded ones."""
    plan = RunPlan(loaded.scenario, FakeBackend(), modules=loaded.modules)
    needed = code_of(plan)
    names = ["PyYAML", "packaging", "psutil", "pydantic"]
    assert needed.distributions == {name: metadata.version(name) for name in names}
    assert needed.modules == {}


def test_modules_of_a_scenario_that_is_given_as_a_value_are_sent_too(loaded):
    """As those of a study's file, whose name no other process can import."""
    plan = RunPlan(loaded.scenario, FakeBackend())
    assert {module.__name__ for module in loaded.modules} == {"habits", loaded.modules[0].__name__}
    assert set(loaded.modules) <= set(plan.sent_modules)
    assert code_of(plan).modules == {}


def test_a_module_that_no_package_has_is_found_with_its_file(loaded, monkeypatch, tmp_path):
    """As beside a script that calls simnet.run: nothing of it is sent along."""
    (habits,) = [module for module in loaded.modules if module.__name__ == "habits"]
    monkeypatch.setitem(sys.modules, "habits", habits)
    needed = needed_code({"habits", "habits.deeper", "json", "simnet.world", "no_such_module"})
    assert needed.modules == {"habits": tmp_path / "habits.py"}
    assert needed.distributions == {}


def test_of_packages_that_share_a_name_the_one_with_the_module_counts(monkeypatch, tmp_path):
    for name in ("one", "two"):
        info = tmp_path / f"acme_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme-{name}\nVersion: 1.0\n")
        (info / "RECORD").write_text(f"acme/{name}.py,,\n")
        (tmp_path / "acme").mkdir(exist_ok=True)
        (tmp_path / "acme" / f"{name}.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert needed_code({"acme.two"}).distributions == {"acme-two": "1.0"}
    assert needed_code({"acme"}).distributions == {"acme-one": "1.0", "acme-two": "1.0"}
