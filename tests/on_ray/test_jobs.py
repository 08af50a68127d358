"""Runs that are submitted to a cluster by a machine that is no node of it."""

import json
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from slow_endpoint import TABLES, slow_endpoint, write_slow_scenario
from typer.testing import CliRunner
from waiting import rows_on_disk, survivors, wait_until

from simnet import Run
from simnet.cli.app import app
from simnet.recording.files.manifest import State
from simnet.runtime.ray.session.job_client import ENDED, JobClient

pytestmark = [
    pytest.mark.ray,
    pytest.mark.timeout(400),
    pytest.mark.filterwarnings("ignore:ssl=None is deprecated:DeprecationWarning"),  # in Ray
]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def head():
    """The URL of a cluster of one node that asks for a token, which the environment has."""
    folder, port = tempfile.mkdtemp(prefix="r", dir="/tmp"), free_port()
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--num-cpus=2"]
    command += [f"--temp-dir={folder}", f"--port={free_port()}", f"--dashboard-port={port}"]
    command += ["--include-dashboard=true", f"--dashboard-agent-listen-port={free_port()}"]
    command += ["--disable-usage-stats", "--object-store-memory=100000000"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        patch.setenv("RAY_worker_niceness", "0")
        subprocess.run(command, check=True, capture_output=True)
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: runs_jobs(JobClient(url)))
        yield url
    users = [one for one in psutil.process_iter(["cmdline"]) if folder in str(one.info["cmdline"])]
    for process in users:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    survivors(users)
    shutil.rmtree(folder, ignore_errors=True)


def runs_jobs(client):
    """Whether the part of Ray that starts jobs has come up."""
    from simnet.errors import RunError

    with tempfile.TemporaryDirectory() as empty, suppress(RunError):
        client.submit("nothing", "true", Path(empty), 1)
        return True
    return False


@pytest.fixture
def simnet(head, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    write_slow_scenario(tmp_path)

    def call(*arguments):
        return CliRunner().invoke(app, arguments)

    return call


def test_a_job_that_was_stopped_goes_on_when_it_is_submitted_again(simnet, head, tmp_path):
    there, client = tmp_path / "there", JobClient(head)
    submit = ["submit", "slow.py", "--runs", str(there), "--run-id", "job-1", "--address", head]
    submit += ["--python", sys.executable]
    with slow_endpoint() as endpoint:
        model = ["--", *endpoint.options, "--personas-per-actor", "2"]
        endpoint.delay = 0.5
        begun = simnet(*submit, "--no-follow", *model)
        assert (begun.exit_code, begun.stdout) == (0, "job-1\n"), begun.output
        wait_until(lambda: rows_on_disk(there, "events") or client.named("job-1").state in ENDED)
        twice = simnet(*submit, *model)
        assert (twice.exit_code, "job job-1 is running already" in twice.stderr) == (2, True)
        assert simnet("jobs", "stop", "job-1", "--address", head).exit_code == 0
        wait_until(lambda: client.named("job-1").state in ENDED)
        logs = client.logs("job-1")
        assert Run.open(there / "job-1").manifest.state is State.INTERRUPTED, logs
        endpoint.delay = 0.0
        ended = simnet(*submit, *model)
        assert ended.exit_code == 0, ended.output
        simnet("run", "slow.py", "--runs", "whole", "--no-ray", *endpoint.options)
    (whole,) = Path("whole").iterdir()
    for name in TABLES:
        assert Run.open(there / "job-1").read(name).equals(Run.open(whole).read(name)), name
    assert "job-1--2  succeeded" in simnet("jobs", "list", "--address", head).stdout
    listed = json.loads(simnet("jobs", "list", "--json", "--address", head).stdout)["jobs"]
    states = {one["job_id"]: one["state"] for one in listed}
    assert (states["job-1"], states["job-1--2"]) == ("STOPPED", "SUCCEEDED")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("jobs", "logs", "nobody"), "knows no job 'nobody'"),
        (("jobs", "stop", "nobody"), "knows no job 'nobody'"),
        (("submit", "slow.py", "--runs", "runs"), "give an absolute path"),
        (("submit", "none.py", "--runs", "/tmp/r"), "there is no file none.py"),
    ],
)
def test_what_cannot_be_done_with_a_job_is_said(simnet, head, arguments, told):
    result = simnet(*arguments, "--address", head)
    assert (result.exit_code, told in result.stderr) == (2, True), result.stderr


def test_a_token_that_is_wrong_and_a_head_that_is_none_are_told_apart(simnet, head, monkeypatch):
    nothing = simnet("jobs", "list", "--address", f"http://127.0.0.1:{free_port()}")
    assert (nothing.exit_code, "nothing answers there" in nothing.stderr) == (1, True)
    no_url = simnet("jobs", "list", "--address", "auto")
    assert (no_url.exit_code, "write http://HEAD:8265" in no_url.stderr) == (2, True)
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    wrong = simnet("jobs", "list", "--address", head)
    assert (wrong.exit_code, "asks for a token" in wrong.stderr) == (1, True), wrong.stderr
