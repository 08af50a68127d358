"""A job of Slurm that `simnet launch slurm` wrote is queued again until its run is complete."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from slow_endpoint import TABLES, slow_endpoint, write_slow_scenario
from waiting import wait_until

from simnet import Run
from simnet.recording.files.manifest import State

pytestmark = pytest.mark.timeout(1800)

SIMNET = [sys.executable, "-m", "simnet"]
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT"}


def run(command, folder, environment):
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def finished(job, folder, slurm):
    """Wait for a job to end; return its state and what it printed."""

    def state():
        shown = run(["scontrol", "show", "job", job], folder, slurm).split()
        states = [word.removeprefix("JobState=") for word in shown if word.startswith("JobState=")]
        return states[0] if states[0] in ENDED else None

    return wait_until(state), (folder / f"simnet-{job}.log").read_text()


def test_a_run_that_outlasts_its_job_is_queued_again_until_it_is_complete(tmp_path, slurm):
    write_slow_scenario(tmp_path)
    nodes = ["--nodes", "2", "--cpus-per-node", "1", "--time", "2m", "--drain", "20s"]
    command = [*SIMNET, "launch", "slurm", "slow.py", *nodes, "--out", "job.sh", "--"]
    with slow_endpoint() as endpoint:
        run([*command, *endpoint.options], tmp_path, slurm)
        endpoint.delay = 1.0
        job = run(["sbatch", "--parsable", "job.sh"], tmp_path, slurm).strip()
        state, said = finished(job, tmp_path, slurm)
        assert state == "COMPLETED", said
        assert "is stopped; the job is queued again" in said
        found = Run.open(tmp_path / "runs" / f"slow-{job}")
        assert found.manifest.state is State.COMPLETED
        endpoint.delay = 0.0
        whole = [*SIMNET, "run", "slow.py", "--runs", "whole", "--no-ray", *endpoint.options]
        run(whole, tmp_path, os.environ)
    (undisturbed,) = Path(tmp_path / "whole").iterdir()
    for name in TABLES:
        assert found.read(name).equals(Run.open(undisturbed).read(name)), name
