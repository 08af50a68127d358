"""Hosts of a cluster are lost, cut off and added, with Ray's own health checks."""

import asyncio
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest
from driver import city, town
from hosts import PORT, started
from slow_link import DELAY
from waiting import rows_on_disk, wait_until

from simnet import FakeModel, Run
from simnet.recording.files.manifest import State
from simnet.runs.launching.launcher import launch
from simnet.runs.plans.plan import RunPlan

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(900)]

COMPARED = ("events", "calls", "exposures", "personas", "network", "ledger")
DRIVER = Path(__file__).with_name("driver.py")
CONNECT = f"""
import socket, sys, time
began = time.monotonic()
socket.create_connection((sys.argv[1], {PORT})).close()
print(time.monotonic() - began)
"""


def tables(folder):
    run = Run.open(folder)
    found = {name: run.read(name) for name in COMPARED}
    found["calls"] = found["calls"].drop_columns(["seconds"])
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    outcome = asyncio.run(launch(RunPlan(town(), FakeModel(), tmp_path_factory.mktemp("runs"))))
    return tables(outcome.folder), outcome.finish.digest


class Driven:
    """A run that goes on in a host."""

    def __init__(self, host, *options):
        self.host, self.runs = host, host.folder / "runs"
        command = [sys.executable, DRIVER, "/tmp/ray/runs", *options]
        self.process = host.start(command, log="driver.txt")

    @property
    def text(self):
        return (self.host.folder / "driver.txt").read_text()

    def until(self, rows):
        """Return once so many calls are on disk."""
        wait_until(
            lambda: rows_on_disk(self.runs, "calls") >= rows or self.process.poll() is not None
        )
        assert self.process.poll() is None, self.text

    def folder(self):
        (folder,) = self.runs.iterdir()
        return folder

    def is_whole(self, undisturbed):
        """Whether it ends as if nothing had happened."""
        assert self.process.wait() == 0, self.text
        sys.stdout.write(self.text)
        run = Run.open(self.folder())
        assert run.manifest.state is State.COMPLETED
        assert run.manifest.state_hash == undisturbed[1]
        for name, table in tables(self.folder()).items():
            assert table.equals(undisturbed[0][name]), f"the table {name} is another"


def joined(lan, *names, slow=()):
    """Add hosts; the first is the head of a cluster of them."""
    hosts = [lan.add(name, shared=[DRIVER.parent], slow=name in slow) for name in names]
    for host in hosts:
        host.ray(None if host is hosts[0] else hosts[0].address, "--num-cpus", "2")
        started(host)
    return hosts


def agents(*hosts):
    return [len(host.pids("ray::PersonaAgents")) for host in hosts]


def test_agents_are_on_all_hosts_and_the_recorder_is_on_the_drivers(trio, undisturbed):
    head = trio[0]
    run = Driven(head)
    run.until(20)
    assert all(agents(*trio)), run.text
    for name in ("RecordKeeper", "SchedulerActor"):
        assert [len(host.pids(f"ray::{name}")) for host in trio] == [1, 0, 0]
    run.is_whole(undisturbed)


@pytest.mark.parametrize("how", ["raylet", "host"])
def test_a_run_goes_on_without_a_host(how, trio, undisturbed):
    head, left, _ = trio
    run = Driven(head, "--delay", "0.5")
    run.until(60)
    assert agents(left) > [0]
    left.kill_raylet() if how == "raylet" else left.kill()
    run.is_whole(undisturbed)
    assert "going on from the record" in run.text


def test_labels_keep_agents_and_engines_on_their_hosts(trio, undisturbed):
    head, left, right = trio
    run = Driven(
        head, "--agents-on", "role=worker", "--engines-on", "role=!worker", "--replicas", "2"
    )
    run.until(20)
    assert agents(head) == [0]
    assert all(agents(left, right))
    assert [len(host.pids("ray::LlmServer")) for host in trio] == [2, 0, 0]
    run.is_whole(undisturbed)


def test_an_engine_is_moved_off_a_lost_host(trio, undisturbed):
    head, left, right = trio
    left_only = ("--agents-on", "role=head", "--engines-on", "role=worker", "--delay", "0.5")
    run = Driven(head, *left_only)
    run.until(60)
    (host,) = [one for one in (left, right) if one.pids("ray::LlmServer")]
    host.kill()
    run.is_whole(undisturbed)
    assert "was on a node that is lost" in run.text


def test_what_an_engine_on_another_host_logs_is_in_the_run_directory(trio, undisturbed):
    head, left, right = trio
    run = Driven(head, "--agents-on", "role=head", "--engines-on", "role=worker", "--delay", "0.5")

    def logged():
        file = run.folder() / "logs" / "model-default.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return [json.loads(line) for line in lines]

    run.until(20)
    (host,) = [one for one in (left, right) if one.pids("ray::LlmServer")]
    wait_until(lambda: logged() or run.process.poll() is not None)
    os.kill(head.pids("ray::PersonaAgents")[0], signal.SIGKILL)  # the recorder is made anew
    wait_until(lambda: "going on from the record" in run.text or run.process.poll() is not None)
    run.until(60)
    os.kill(host.pids("ray::LlmServer")[0], signal.SIGKILL)
    wait_until(lambda: len(logged()) > 1 or run.process.poll() is not None)
    run.is_whole(undisturbed)
    assert [line["event"] for line in logged()] == ["model loaded", "model loaded"]
    assert {line["run"] for line in logged()} == {run.folder().name}
    assert logged()[0]["node"] == host.name


@pytest.mark.parametrize("seconds", [20, 120])
def test_a_host_that_is_cut_off_leaves_no_trace(seconds, trio, undisturbed):
    head, left, _ = trio
    run = Driven(head, "--delay", "0.5")
    run.until(60)
    left.cut()
    time.sleep(seconds)
    left.mend()
    run.is_whole(undisturbed)


def test_a_slow_network_that_loses_frames_leaves_no_trace(lan, undisturbed):
    head, far = joined(lan, "head", "far", slow=["far"])
    assert float(far.run([sys.executable, "-c", CONNECT, head.address]).stdout) >= 2 * DELAY
    run = Driven(head)
    run.until(20)
    assert all(agents(head, far)), run.text
    run.is_whole(undisturbed)


def test_a_host_that_joins_late_takes_part_once_actors_are_rebuilt(lan, undisturbed):
    head, left = joined(lan, "head", "left")
    run = Driven(head, "--delay", "0.5")
    run.until(20)
    late = lan.add("late", shared=[DRIVER.parent])
    late.ray(head.address, "--num-cpus", "2")
    started(late)
    assert agents(late) == [0]
    left.kill_raylet()
    wait_until(lambda: any(agents(late)) or run.process.poll() is not None)
    assert any(agents(late)), run.text
    run.is_whole(undisturbed)


def test_20000_people_on_three_hosts_leave_the_tables_of_one_process(trio, tmp_path):
    outcome = asyncio.run(launch(RunPlan(city(), FakeModel(), tmp_path)))
    run = Driven(trio[0], "--scenario", "city", "--per-actor", "2000")
    run.until(20)
    assert all(agents(*trio)), run.text
    run.is_whole((tables(outcome.folder), outcome.finish.digest))


def test_the_loss_of_the_head_is_told_and_another_cluster_resumes_the_run(lan, trio, undisturbed):
    head, left, _ = trio
    run = Driven(left, "--delay", "0.5")
    run.until(60)
    head.kill()
    run.process.wait()
    assert "the head of the Ray cluster at " in run.text
    record = Run.open(run.folder())
    assert record.manifest.state is State.FAILED
    assert record.manifest.error in run.text.replace("ERROR ", "")
    (another,) = joined(lan, "another")
    shutil.copytree(run.runs, another.folder / "runs")
    Driven(another, "--resume").is_whole(undisturbed)
