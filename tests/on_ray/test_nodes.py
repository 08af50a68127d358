"""A node of a cluster may be lost: the run goes on without it, or ends and can be resumed."""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from simnet import FakeModel, Run
from simnet.api import resume
from simnet.errors import RunError
from simnet.recording.files.manifest import State
from simnet.runtime.ray.session.connection import check_listens

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(600)]

# Ray is started by the script and not by this process, where all tests share another cluster.
SCRIPT = textwrap.dedent(
    """
    import asyncio, json, sys, threading
    from contextlib import suppress
    from pathlib import Path
    sys.path[:0] = sys.argv[2:]
    import psutil
    from ray.cluster_utils import Cluster as Nodes
    from test_chaos import small
    from waiting import Hold, rows_on_disk, survivors, wait_until
    from simnet import MINUTE, SimnetError
    from simnet.runs.plans.plan import RunPlan
    from simnet.runs.launching.launcher import launch
    from simnet.runtime.base import Silent
    from simnet.inference.backends.fake_backend import FakeBackend

    # Ray's health checks are its own: for some 15 s it takes a lost node for one that lives.
    head = {"num_cpus": 1, "include_dashboard": False}
    nodes = Nodes(initialize_head=True, head_node_args=head)
    second = nodes.add_node(num_cpus=1)
    class Losing(Silent):
        def __init__(self, root, node, hold):
            self.root, self.node, self.hold = root, node, hold
            self.lost, self.phases = False, []

        def begun(self, folder):
            threading.Thread(target=self.lose, daemon=True).start()

        def lose(self):
            try:
                wait_until(lambda: rows_on_disk(self.root, "calls") >= 10)
                raylet = self.node.all_processes["raylet"][0].process.pid
                processes = psutil.Process(raylet).children(recursive=True)
                self.node.kill_all_processes(False, False)
                for process in processes:  # by themselves they would live on for a while
                    with suppress(psutil.NoSuchProcess):
                        process.kill()
                self.lost = not survivors(processes)
            finally:
                self.hold.release()

        def phase(self, text):
            self.phases.append(text)

    def play(root, node):
        root.mkdir()
        hold = Hold(root, since=40 * MINUTE)
        backend = FakeBackend(delay=hold.delay(lambda prompt: 0.02))
        losing = Losing(root / "runs", node, hold)
        options = {"address": nodes.address, "personas_per_actor": 1}
        try:
            asyncio.run(launch(RunPlan(small(), backend, root / "runs", **options), losing))
            error = None
        except SimnetError as raised:
            error = f"{type(raised).__name__}: {raised}"
        told = {"lost": losing.lost, "error": error, "phases": losing.phases}
        print("TOLD", json.dumps(told), flush=True)

    play(Path(sys.argv[1]) / "agents", second)
    play(Path(sys.argv[1]) / "head", nodes.head_node)
    second.kill_all_processes(False, False)
    """
)


@pytest.fixture(scope="module")
def losses(tmp_path_factory):
    """Lose the node of the agents in one run, and that of all else in the next."""
    folder = tmp_path_factory.mktemp("losses")
    script = folder / "lose.py"
    script.write_text(SCRIPT, encoding="utf-8")
    here = Path(__file__).parent
    command = [sys.executable, str(script), str(folder), str(here), str(here.parent)]
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as short:  # paths of sockets are
        environment = {**os.environ, "RAY_TMPDIR": short}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    lines = [line.removeprefix("TOLD ") for line in done.stdout.splitlines() if "TOLD " in line]
    assert len(lines) == 2, done.stdout + done.stderr
    told = dict(zip(("agents", "head"), map(json.loads, lines), strict=True))
    assert all(one["lost"] for one in told.values()), done.stderr
    return {name: (folder / name / "runs", one) for name, one in told.items()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    from test_chaos import play_undisturbed

    return play_undisturbed(tmp_path_factory.mktemp("runs"))


def test_a_run_goes_on_without_the_node_of_its_agents(losses, undisturbed):
    from test_chaos import is_whole

    root, told = losses["agents"]
    assert told["error"] is None
    deaths = [phase for phase in told["phases"] if "going on from the record" in phase]
    assert deaths
    assert all(one.startswith("an actor died: ") and "\n" not in one for one in deaths)
    (folder,) = root.iterdir()
    is_whole(folder, undisturbed)


def test_a_run_whose_cluster_is_lost_ends_with_one_message_and_is_resumed(losses, undisturbed):
    from test_chaos import is_whole, small

    root, told = losses["head"]
    assert told["error"].startswith("HeadLostError: the head of the Ray cluster at ")
    (folder,) = root.iterdir()
    run = Run.open(folder)
    assert run.manifest.state is State.FAILED
    assert run.manifest.error == told["error"]
    known = {repr(row) for row in undisturbed[0]["events"].to_pylist()}
    there = {repr(row) for row in run.read("events").to_pylist()}
    assert there
    assert there < known
    resume(run, small(), model=FakeModel())
    is_whole(folder, undisturbed)


def test_an_address_where_nothing_listens_is_told_at_once():
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        with pytest.raises(RunError, match=f"no Ray cluster at 127.0.0.1:{port}: .*refused"):
            check_listens(f"127.0.0.1:{port}")
        listener.listen()
        check_listens(f"127.0.0.1:{port}")
    check_listens("no-port")


@pytest.mark.parametrize("address", ["127.0.0.1:1", "auto"])
def test_a_cluster_that_is_not_there_leaves_no_run_directory(address, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    (tmp_path / "town.py").write_text(
        "from simnet import *\nscenario = Scenario('town', [Cohort('people', sample(2))])"
    )
    command = [sys.executable, "-m", "simnet", "run", "town.py", "--backend", "fake"]
    if address == "auto":  # a cluster of another test may run on this machine
        environment["RAY_ADDRESS"] = "127.0.0.1:1"
    done = subprocess.run(
        [*command, "--address", address],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == RunError.exit_code
    assert "error: there is no Ray cluster at 127.0.0.1:1: " in done.stderr
    assert sorted(path.name for path in tmp_path.glob("runs/*")) == []
