"""However a run ends, it leaves no process, no shared memory, no socket and no temporary folder."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from traces import NOTHING, Traces
from waiting import Hold, rows_on_disk, wait_until

pytestmark = [pytest.mark.ray, pytest.mark.timeout(300)]

RUNS = int(os.environ.get("RUNS", "1"))
"""How often each ending is tried; `make leftovers` sets 5: 25 runs, 20 of them with a kill."""
HELD = 600.0
"""Simulated time at which a run waits for what is done to it."""

SCRIPT = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    sys.path[:0] = [sys.argv[2]]
    from waiting import Hold
    from simnet import Cohort, Scenario, Steps, sample
    from simnet.errors import RunError
    from simnet.inference.backends.fake_backend import FakeBackend
    from simnet.runs.launching.launcher import RunPlan, launch

    people = Cohort("people", sample(2), rhythm=Steps(60.0), reacts_in=30.0)
    scenario = Scenario("short", [people], lasts=900.0)
    hold = Hold(Path(sys.argv[1]), since=600.0)
    backend = FakeBackend(delay=hold.delay(lambda prompt: 0.01))
    try:
        asyncio.run(launch(RunPlan(scenario, backend, Path(sys.argv[1]) / "runs")))
    except RunError as error:
        sys.exit(str(error))
    """
)
ENDINGS = {
    "it is over": None,
    "the driver is killed": "driver",
    "Ray's node is killed": "raylet",
    "Ray's control store is killed": "gcs_server",
    "the model's server is killed": "ray::LlmServer",
}


@pytest.mark.parametrize("number", range(RUNS))
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_run_leaves_nothing(ending, number, tmp_path):
    script = tmp_path / "short.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(tmp_path), str(Path(__file__).parent.parent)]
    hold = Hold(tmp_path, HELD)
    with tempfile.TemporaryDirectory(prefix="s", dir="/tmp") as folder:
        traces = Traces(folder)
        with (
            (tmp_path / "said").open("w") as said,
            subprocess.Popen(command, env=traces.environment, stdout=said, stderr=said) as process,
        ):
            traces.follow(process.pid)
            wait_until(lambda: hold.reached or process.poll() is not None)
            assert process.poll() is None, (tmp_path / "said").read_text()
            wait_until(lambda: rows_on_disk(tmp_path / "runs", "events") > 0)
            kill(ENDINGS[ending], process, traces)
            hold.release()
            process.wait()
        assert traces.left() == NOTHING
    if ENDINGS[ending] in {None, "ray::LlmServer"}:
        assert process.returncode == 0, (tmp_path / "said").read_text()
        assert (tmp_path / "said").read_text() == "", "Ray says nothing on the terminal"


def kill(victim, process, traces):
    """Kill the driver or the newest of its processes with such a title."""
    if victim == "driver":
        process.kill()
    elif victim is not None:
        os.kill(wait_until(lambda: traces.named(victim))[0].pid, signal.SIGKILL)
