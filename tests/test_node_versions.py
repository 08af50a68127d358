"""What nodes have installed is compared with the driver's host before anything starts."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from simnet import Cohort, Exponential, Scenario, run, sample
from simnet.cli.app import app
from simnet.errors import RunError
from simnet.runs.cluster import cluster_versions
from simnet.runs.cluster.cluster_versions import ClusterVersions
from simnet.runtime.nodes.cluster_view import ClusterView, Node
from simnet.runtime.nodes.needed_code import NeededCode
from simnet.runtime.nodes.node_versions import NodeVersions, check_versions, differences

HERE = {"python": "3.11.7", "ray": "2.60.0", "simnet-engine": "0.2.0", "torch": "2.13.0"}


def node(host, **changed):
    """Make the answer of a node; None takes a package away."""
    versions = HERE | {name.replace("_", "-"): version for name, version in changed.items()}
    return NodeVersions(host, {name: one for name, one in versions.items() if one is not None})


def test_equal_nodes_pass_without_a_word():
    assert check_versions(HERE, [node("a"), node("b", python="3.11.9")], force=False) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"python": "3.12.1"}, "b has python 3.12.1, and the driver's host 3.11.7; use Python"),
        ({"ray": "2.55.0"}, "b has ray 2.55.0, and the driver's host 2.60.0; there: pip install"),
        ({"ray": None}, "b has no ray"),
        ({"simnet_engine": None}, "b has no simnet-engine"),
    ],
)
def test_another_python_or_ray_or_no_simnet_starts_nothing(changed, said):
    for force in (False, True):
        with pytest.raises(RunError) as raised:
            check_versions(HERE, [node("a"), node("b", **changed)], force=force)
        assert said in str(raised.value)
        assert "--force" not in str(raised.value)


def test_another_simnet_starts_with_force_alone():
    nodes = [node("a"), node("b", simnet_engine="0.1.0")]
    with pytest.raises(RunError, match=r"b has simnet-engine 0\.1\.0.*--force"):
        check_versions(HERE, nodes, force=False)
    (warning,) = check_versions(HERE, nodes, force=True)
    assert "install the same simnet" in warning


def test_another_library_is_a_warning_with_its_cure_once_for_all_nodes():
    nodes = [node(f"gpu-{number}", torch="2.12.0") for number in range(5)]
    (warning,) = check_versions(HERE, nodes, force=False)
    assert warning == (
        "gpu-0, gpu-1, gpu-2 and 2 other nodes have torch 2.12.0, and the driver's host 2.13.0; "
        "there: pip install torch==2.13.0"
    )


def test_what_only_engines_need_may_be_missing_and_is_compared_among_nodes():
    """A head without engines has no vLLM; then the nodes that have it are compared."""
    nodes = [node("a", vllm="0.27"), node("b", vllm="0.27"), node("c", vllm="0.26"), node("d")]
    (found,) = differences({**HERE, "torch": "2.13.0"}, nodes)
    assert (found.hosts, found.package, found.there, found.here) == (("c",), "vllm", "0.26", "0.27")
    assert differences(HERE, [node("cpu", torch=None)]) == []


def test_what_code_of_the_scenario_imports_is_wanted_on_nodes_with_agents():
    needed = NeededCode({"networkx": "3.4", "scipy": "1.15"}, {"helpers": Path("/home/helpers.py")})
    here = {**HERE, "networkx": "3.4", "scipy": "1.15", "module helpers": "/home/helpers.py"}
    there = {"networkx": "3.4", "scipy": "1.15", "module helpers": ""}
    whole = node("a", **there)
    engines = node("gpu")._replace(agents=False)
    assert check_versions(here, [whole, engines], needed, force=False) == []
    lacking = node("b", **{**there, "networkx": None, "scipy": "1.11"})
    with pytest.raises(RunError) as raised:
        check_versions(here, [whole, lacking, engines], needed, force=False)
    assert str(raised.value) == (
        "the nodes of the cluster have not what the driver's host has: b has no networkx, which "
        "code of the scenario imports, and the driver's host 3.4; there: pip install "
        "networkx==3.4; or start the run all the same with --force"
    )
    forced = check_versions(here, [whole, lacking, engines], needed, force=True)
    assert [line.split(",")[0] for line in forced] == ["b has no networkx", "b has scipy 1.11"]
    alone = node("c", **{**there, "module helpers": None})
    with pytest.raises(
        RunError, match=r"c has no module helpers.*/home/helpers\.py; put it on PYTH"
    ):
        check_versions(here, [alone], needed, force=False)


def test_another_version_of_what_the_scenario_imports_is_a_warning():
    needed = NeededCode({"scipy": "1.15"})
    (warning,) = check_versions(
        {**HERE, "scipy": "1.15"}, [node("b", scipy="1.11")], needed, force=False
    )
    assert warning == (
        "b has scipy 1.11, which code of the scenario imports, and the driver's host 1.15; there: "
        "pip install scipy==1.15"
    )


def test_a_node_that_says_nothing_is_told_of():
    silent = NodeVersions("b", {}, "did not say what is installed on it: \x1b[31mlost")
    (warning,) = check_versions(HERE, [node("a"), silent], force=False)
    assert warning.startswith("b: did not say")
    assert "\x1b" not in warning


def test_doctor_shows_what_differs_on_a_cluster(monkeypatch):
    nodes = (node("a"), node("b", ray="2.55.0"), node("c", torch="1.0"))
    view = ClusterView(tuple(Node(one.host, one.host, 4, 0, 1e9) for one in nodes))

    async def stand_in(address):
        return ClusterVersions(address, view, nodes, tuple(differences(HERE, nodes)))

    monkeypatch.setattr(cluster_versions, "versions_on", stand_in)
    done = CliRunner().invoke(app, ["doctor", "--address", "head:6379"])
    assert done.exit_code == 1
    shown = " ".join(done.output.split())
    assert "head:6379: 3 nodes, 12 cores, no GPU" in shown
    assert "missing b has ray 2.55.0" in shown
    assert "there: pip install ray==2.60.0" in shown
    assert "warning c has torch 1.0" in shown


def test_doctor_tells_that_there_is_no_cluster():
    done = CliRunner().invoke(app, ["doctor", "--address", "ray://head:10001"])
    assert done.exit_code == 1
    assert "is the address of a Ray client" in " ".join(done.output.split())


def test_a_run_on_a_cluster_with_another_ray_makes_no_run_directory(tmp_path, monkeypatch):
    """Nothing is placed or written: what differs is told right after the connection."""
    from simnet.runtime.ray.engines import engine_room
    from simnet.runtime.ray.session import ask_versions, connection

    view = ClusterView((Node("a", "a", 4, 0, 1e9),))
    left = []

    async def connected(address):
        pass

    async def room(models, wishes, report):
        assert not models
        return SimpleNamespace(view=view)

    async def answers(nodes, needed):
        return [node("a", ray="2.55.0")]

    monkeypatch.setattr(connection, "connect_ahead", connected)
    monkeypatch.setattr(connection, "disconnect_ahead", lambda: left.append(True))
    monkeypatch.setattr(engine_room, "find_room", room)
    monkeypatch.setattr(ask_versions, "ask_versions", answers)
    monkeypatch.setattr(ask_versions, "installed_here", lambda needed: HERE)
    people = Cohort("people", sample(3), rhythm=Exponential(60.0), follows={"people": 1.0})
    with pytest.raises(RunError, match=r"a has ray 2\.55\.0"):
        run(Scenario("town", [people]), backend="fake", address="head:6379", out=tmp_path / "runs")
    assert left
    assert not (tmp_path / "runs").exists()


def test_a_process_that_asks_for_the_nodes_and_ends_is_not_killed(monkeypatch):
    """asyncio would say on the terminal that it does not know the process."""
    from simnet.runtime.ray.session import connection

    killed = []
    monkeypatch.setattr(asyncio.subprocess.Process, "kill", killed.append)
    monkeypatch.setattr(connection, "_PROBE", "print('[\"203.0.113.9\"]')")
    with pytest.raises(RunError, match=r"its nodes are 203\.0\.113\.9"):
        asyncio.run(connection._check_node("203.0.113.9:6379"))
    assert killed == []
