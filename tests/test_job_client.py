"""`simnet submit` and `simnet jobs`, with a server that answers as the dashboard of Ray does."""

import io
import json
import os
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from json_answers import JsonAnswers
from typer.testing import CliRunner

from simnet.cli.app import app
from simnet.errors import RunError
from simnet.runtime.ray.session.job_client import JobClient

pytest.importorskip("ray")

TOKEN = "0123456789abcdef" * 4


class Dashboard(ThreadingHTTPServer):
    """Keeps what it is sent; no job of it ever ends by itself."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.jobs, self.stopped, self.tokens, self.package = {}, [], set(), b""
        self.most_bytes = 1 << 30


class Handler(JsonAnswers, BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.tokens.add(self.headers["Authorization"])
        if self.path == "/api/version":
            self.send_json({"version": "4", "ray_version": "2.60.0", "ray_commit": ""})
        elif self.path.startswith("/api/jobs/"):
            self.send_json(list(self.server.jobs.values()))
        else:
            self.send_error(404)

    def do_PUT(self):
        size = int(self.headers["Content-Length"])
        self.server.package = self.rfile.read(size)
        if size > self.server.most_bytes:
            self.send_error(413, explain="Maximum request body size exceeded.")
        else:
            self.send_json({})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or "{}")
        if self.path.endswith("/stop"):
            self.server.stopped.append(self.path.split("/")[3])
            self.send_json({"stopped": True})
            return
        job_id = asked["submission_id"]
        self.server.jobs[job_id] = job(job_id, "RUNNING")
        self.send_json({"job_id": job_id, "submission_id": job_id})


def job(job_id, state):
    return {"type": "SUBMISSION", "submission_id": job_id, "status": state, "entrypoint": "true"}


@pytest.fixture
def dashboard(monkeypatch, tmp_path):
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "town").mkdir()
    (tmp_path / "town" / "town.py").touch()
    with Dashboard() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def simnet(*arguments):
    return CliRunner().invoke(app, arguments)


def submit(dashboard, *options):
    options = ["--address", dashboard.url, "--runs", "/runs", "--no-follow", *options]
    return simnet("submit", "town/town.py", *options)


def sent(dashboard):
    return set(zipfile.ZipFile(io.BytesIO(dashboard.package)).namelist())


@pytest.mark.parametrize("name", ["RAY_ADDRESS", "RAY_API_SERVER_ADDRESS"])
def test_a_job_goes_to_the_cluster_that_is_named(dashboard, monkeypatch, name):
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    result = submit(dashboard, "--run-id", "town-1")
    assert (result.exit_code, list(dashboard.jobs)) == (0, ["town-1"]), result.output
    assert simnet("jobs", "stop", "town-1", "--address", dashboard.url).exit_code == 0
    assert dashboard.stopped == ["town-1"]


def test_a_token_is_not_shown(dashboard, monkeypatch):
    listing = ("jobs", "list", "--address", dashboard.url)
    monkeypatch.setenv("RAY_AUTH_TOKEN", f"{TOKEN}\n")
    assert simnet(*listing).exit_code == 0
    assert dashboard.tokens == {f"Bearer {TOKEN}"}
    monkeypatch.setenv("RAY_AUTH_TOKEN", f"{TOKEN}\n{TOKEN}")
    refused = simnet(*listing)
    assert (refused.exit_code, "has a line break" in refused.stderr) == (2, True)
    assert TOKEN not in refused.output


def test_what_git_ignores_stays_here_and_is_told_but_never_a_part_of_simnet(
    dashboard, tmp_path, monkeypatch
):
    town = tmp_path / "town"
    (town / ".gitignore").write_text("runs/\n*.csv\n")
    (town / "data").mkdir()
    (town / "data" / ".rayignore").write_text("large.txt\n")
    for name in ("people.csv", "data/large.txt", "data/small.txt"):
        (town / name).touch()
    result = submit(dashboard)
    assert result.exit_code == 0, result.output
    assert "names it: people.csv, data/large.txt; " in result.stderr
    names = sent(dashboard)
    assert {"town.py", "data/small.txt", "simnet/runs/__init__.py"} <= names
    assert not {"people.csv", "data/large.txt"} & names
    monkeypatch.setenv("RAY_RUNTIME_ENV_IGNORE_GITIGNORE", "1")
    dashboard.jobs.clear()
    assert "names it: data/large.txt; " in submit(dashboard).stderr
    assert "people.csv" in sent(dashboard)


def test_links_that_lead_nowhere_or_to_themselves_are_not_sent(dashboard, tmp_path):
    town = tmp_path / "town"
    (town / "nowhere").symlink_to(tmp_path / "none")
    (town / "itself").symlink_to(town)
    (town / "elsewhere").symlink_to(tmp_path / "other")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "names.txt").touch()
    result = submit(dashboard)
    assert result.exit_code == 0, result.output
    names = {name for name in sent(dashboard) if not name.startswith("simnet/")}
    assert names == {"town.py", "elsewhere/names.txt"}


def test_what_cannot_be_sent_is_named(dashboard, tmp_path):
    os.mkfifo(tmp_path / "town" / "pipe")
    result = submit(dashboard)
    assert (result.exit_code, dashboard.jobs) == (2, {})
    assert f"{tmp_path}/town/pipe, which is beside the scenario, cannot be sent" in result.stderr
    (tmp_path / "town" / "pipe").unlink()
    (tmp_path / "town" / "weights.bin").write_bytes(os.urandom(2_000_000))
    dashboard.most_bytes = 1_000_000
    result = submit(dashboard)
    assert (result.exit_code, dashboard.jobs) == (2, {})
    assert "the largest files are weights.bin (2 MB), " in result.stderr


def test_the_id_of_a_later_job_begins_no_run(dashboard):
    result = submit(dashboard, "--run-id", "town-1--2")
    assert (result.exit_code, "give --run-id town-1\n" in result.stderr) == (2, True)
    assert not dashboard.jobs


def test_a_job_that_has_ended_is_not_told_to_stop(dashboard):
    dashboard.jobs["town-1"] = job("town-1", "FAILED")
    result = simnet("jobs", "stop", "town-1", "--address", dashboard.url)
    assert (result.exit_code, result.stderr) == (0, "town-1 has ended already: failed\n")
    assert not dashboard.stopped


@pytest.mark.parametrize("end", [KeyboardInterrupt(), RunError("the network is gone"), None])
def test_a_job_that_is_not_followed_any_more_is_said_to_go_on(dashboard, monkeypatch, end):
    async def follow(self, name):
        yield "hello"
        if end is not None:
            raise end

    dashboard.jobs["town-1"] = job("town-1", "RUNNING")
    monkeypatch.setattr(JobClient, "follow", follow)
    result = simnet("jobs", "logs", "town-1", "--address", dashboard.url)
    assert result.exit_code
    command = f"simnet jobs stop town-1 --address {dashboard.url}\n"
    assert "town-1 does not end with this command" in result.stderr
    assert command in result.stderr
