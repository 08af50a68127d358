"""Ctrl-C and SIGTERM drain a run, seal its record and leave nothing behind."""

import signal
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from traces import NOTHING, Traces
from waiting import Hold, rows_on_disk, wait_until

from simnet import Run

pytestmark = pytest.mark.ray

HELD = 600.0
"""Simulated time from which the model of a run that is to be stopped at once says nothing."""

# A run of many slow turns, which says in a line what it does and when the first have landed.
SCRIPT = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    sys.path[:0] = [sys.argv[2]]
    from waiting import Hold
    from simnet import Cohort, Scenario, Steps, sample
    from simnet.errors import RunError
    from simnet.runs.launching.launcher import RunPlan, launch
    from simnet.runtime.base import Silent
    from simnet.inference.backends.fake_backend import FakeBackend

    class Announcing(Silent):
        def phase(self, text):
            print(text, flush=True)

        def progress(self, progress):
            if progress.ledger.done:
                print("replied", flush=True)

    people = Cohort("people", sample(2), rhythm=Steps(60.0), reacts_in=30.0)
    scenario = Scenario("slow", [people], lasts=6_000_000.0)
    hold = Hold(Path(sys.argv[1]), since=float(sys.argv[3]))
    backend = FakeBackend(delay=hold.delay(lambda prompt: 0.3))
    plan = RunPlan(scenario, backend, Path(sys.argv[1]) / "runs")
    try:
        outcome = asyncio.run(launch(plan, Announcing()))
    except RunError as error:
        sys.exit(error.exit_code)
    sys.exit(128 + outcome.signal)
    """
)


@pytest.fixture
def running(tmp_path, request):
    """A run in a process of its own, past its first turns; it may be held at a simulated time."""
    script = tmp_path / "slow.py"
    script.write_text(SCRIPT)
    here = str(Path(__file__).parent.parent)
    command = [sys.executable, str(script), str(tmp_path), here, str(request.param)]
    with (
        tempfile.TemporaryDirectory(prefix="s", dir="/tmp") as short,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=(traces := Traces(short)).environment
        ) as process,
    ):
        traces.follow(process.pid)
        await_line(process, "replied")
        yield process, tmp_path, traces
        process.kill()


def await_line(process, beginning):
    """Read what a run says up to a line that begins so."""
    assert process.stdout is not None
    assert any(line.startswith(beginning) for line in process.stdout), "the run is over"


@pytest.mark.parametrize("running", ["inf"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_drains_and_seals_the_run(running, number):
    process, folder, traces = running
    process.send_signal(number)
    assert process.wait() == 128 + number
    assert traces.left() == NOTHING
    (path,) = (folder / "runs").iterdir()
    record = Run.open(path)
    assert record.manifest.state == "interrupted"
    assert record.sealed
    calls, events = record.read("calls"), record.read("events")
    assert calls.num_rows >= events.num_rows > 0


@pytest.mark.parametrize("running", [HELD], indirect=True)
def test_a_second_ctrl_c_waits_for_nothing_and_seals_the_run(running):
    process, folder, traces = running
    wait_until(lambda: Hold(folder, HELD).reached)  # from now on it could drain for ever
    process.send_signal(signal.SIGINT)
    await_line(process, "stopping: ")  # two signals at once may be one
    process.send_signal(signal.SIGINT)
    assert process.wait() == 128 + signal.SIGINT
    assert traces.left() == NOTHING
    assert rows_on_disk(folder / "runs", "events") > 0
    (path,) = (folder / "runs").iterdir()
    record = Run.open(path)
    assert record.manifest.state == "interrupted"
    assert record.sealed
