"""A host that lacks a package which the scenario's code imports is named before anything starts."""

import sys
from pathlib import Path

import pytest
from hosts import started

from simnet import Run
from simnet.recording.files.manifest import State

networkx = pytest.importorskip("networkx")
pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(600)]

TOWN = """
import networkx
from simnet import Cohort, Scenario, Steps, sample


async def reckons(me, view, ask):
    assert len(networkx.path_graph(3)) == 3
    return []


people = Cohort("people", sample(4), rhythm=Steps(60.0), behaviour=reckons)
scenario = Scenario("town", [people], lasts=600.0)
"""


def hide_package(host, module):
    """Let a host have neither a package nor its metadata."""
    folder = Path(module.__file__).parent
    (empty := host.folder / "empty").mkdir()
    infos = folder.parent.glob(f"{folder.name}-*.dist-info")
    for place in (folder, *infos):
        assert host.run(["mount", "--bind", f"/tmp/ray/{empty.name}", place]).returncode == 0


def simnet(host, *words):
    done = host.run([sys.executable, "-m", "simnet", *words], HOME="/tmp/ray")
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_a_host_without_a_package_of_the_scenario_is_told_of_and_may_be_left_out(lan):
    head, poor = lan.add("head"), lan.add("poor")
    hide_package(poor, networkx)
    head.ray(None, "--num-cpus", "2", "--labels", "kind=whole")
    started(head)
    poor.ray(head.address, "--num-cpus", "2", "--labels", "kind=poor")
    started(poor)
    (head.folder / "town.py").write_text(TOWN)
    told = (
        "poor has no networkx, which code of the scenario imports, and the driver's host "
        f"{networkx.__version__}; there: pip install networkx=={networkx.__version__}"
    )
    options = ("town.py", "--backend", "fake", "--address", "auto")
    code, text = simnet(head, "run", *options)
    sys.stdout.write(text)
    assert code == 1
    assert f"{told}; or start the run all the same with --force" in text
    assert not (head.folder / "runs").exists()
    code, text = simnet(head, "validate", *options)
    assert code == 0
    assert told in text
    code, text = simnet(head, "run", *options, "--agents-on", "kind=whole", "--run-id", "town-1")
    sys.stdout.write(text)
    assert code == 0
    assert "networkx" not in text
    assert Run.open(head.folder / "runs" / "town-1").manifest.state is State.COMPLETED
