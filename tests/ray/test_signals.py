"""Ctrl-C and SIGTERM drain a run, seal its record and leave no process behind."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from simnet import Run

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]

# A run of many slow turns, which says so in a line when the first have landed.
SCRIPT = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    from simnet import Cohort, Scenario, Steps, sample
    from simnet.runs.launcher import RunPlan, launch
    from simnet.runtime.base import Silent
    from simnet.inference.backend import Backend

    class Announcing(Silent):
        def progress(self, progress):
            if progress.ledger.done:
                print("replied", flush=True)

    people = Cohort("people", sample(2), rhythm=Steps(60.0), reacts_in=30.0)
    scenario = Scenario("slow", [people], lasts=6_000_000.0)
    backend = Backend(kind="fake", model="fake", delay=lambda prompt: 0.3)
    outcome = asyncio.run(launch(RunPlan(scenario, backend, Path(sys.argv[1])), Announcing()))
    sys.exit(128 + outcome.signal)
    """
)


@pytest.fixture
def running(tmp_path):
    """A run in a process of its own, past its first turns."""
    script = tmp_path / "slow.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(tmp_path / "runs")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "replied\n"
        yield process, tmp_path / "runs"
        process.kill()


def offspring(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def survivors(processes: list[psutil.Process]) -> list[psutil.Process]:
    return psutil.wait_procs(processes, timeout=10)[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_drains_and_seals_the_run(running, number):
    process, root = running
    children = offspring(process)
    process.send_signal(number)
    assert process.wait(timeout=15) == 128 + number
    assert not survivors(children)
    (folder,) = Path(root).iterdir()
    record = Run.open(folder)
    assert record.manifest.state == "interrupted"
    assert record.sealed
    calls, events = record.read("calls"), record.read("events")
    assert calls.num_rows >= events.num_rows > 0


def test_a_second_ctrl_c_exits_at_once(running):
    process, _ = running
    children = offspring(process)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 128 + signal.SIGINT
    assert not survivors(children)
