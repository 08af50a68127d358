"""What the script of a job of Slurm does, run by bash with programs in the place of Slurm's."""

import os
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner
from waiting import wait_until

from simnet.cli.app import app

PROGRAMS = {
    "scontrol": 'case $1 in show) echo w1; echo w2;; *) echo "$@" >> requeued;; esac',
    "squeue": "echo RUNNING",
    "hostname": "echo ${ADDRESSES:-10.0.0.1}",
    "srun": 'echo "$@" >> asked; while case $1 in --*) ;; *) false;; esac; do shift; done; "$@"',
    "ray": 'echo "$@" >> nodes; [ -z "${NO_RAY:-}" ] || exit 3; exec sleep 60',
    "python": """
        case "$*" in *await_nodes*) [ -z "${NO_RAY:-}" ] || exec sleep 60; exit 0;; esac
        echo "$@" >> runs
        told=0
        trap 'told=$((told + 1)); [ $told -lt ${TIMES:-1} ] || exit 143' TERM
        [ -z "${CODE:-}" ] || exit $CODE
        while :; do sleep 0.05; done""",
}
"""A run ends once it was told TIMES times to stop, or at once with CODE."""


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Starts the script of a job, with further variables and words."""
    for name, text in PROGRAMS.items():
        file = tmp_path / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/bash\n{text}\n")
        file.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "town.py").touch()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    size = ["--nodes", "2", "--cpus-per-node", "3", "--time", "1h", "--drain", "3s"]
    command = ["launch", "slurm", "town.py", *size, "--out", "job.sh"]
    assert CliRunner().invoke(app, command).exit_code == 0
    started = []

    def start(*words, **variables):
        job = {"SLURM_JOB_ID": "11999", "SLURM_JOB_NODELIST": "w[1-2]", "SLURM_CPUS_PER_TASK": "3"}
        with Path("log").open("w") as log:
            started.append(
                subprocess.Popen(
                    ["bash", "job.sh", *words],
                    env={**os.environ, "RAY_TMPDIR": str(tmp_path), **job, **variables},
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )
        return started[-1]

    yield start
    for process in started:
        with suppress(ProcessLookupError):  # nothing of the job is left
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ended(job):
    return job.wait(timeout=30), Path("log").read_text()


def test_a_run_that_ends_is_not_queued_again(script):
    assert ended(script(CODE="0"))[0] == 0
    assert not Path("requeued").exists()
    assert "--run-id town-11999 --address 10.0.0.1:" in Path("runs").read_text()


@pytest.mark.parametrize("times", [1, 2])
def test_a_run_is_stopped_in_time_and_queued_again(script, times):
    job = script(TIMES=str(times))
    wait_until(lambda: Path("runs").exists() and Path("runs").stat().st_size)
    job.send_signal(signal.SIGTERM)
    code, said = ended(job)
    assert (code, Path("requeued").read_text()) == (143, "requeue 11999\n"), said
    assert "can go on in a new job" not in said


@pytest.mark.parametrize(
    "variables", [{"CODE": "1"}, {"CODE": "75"}, {"TIMES": "1", "SLURM_RESTART_COUNT": "100"}]
)
def test_a_run_that_is_not_queued_again_goes_on_in_a_new_job(script, variables):
    job = script(**variables)
    wait_until(lambda: Path("runs").exists() and Path("runs").stat().st_size)
    if "TIMES" in variables:
        job.send_signal(signal.SIGTERM)
    code, said = ended(job)
    assert code == int(variables.get("CODE", 143))
    assert "town-11999 can go on in a new job: sbatch SCRIPT town-11999" in said
    assert not Path("requeued").exists()
    assert ended(script("town-11999", SLURM_JOB_ID="7", CODE="0"))[0] == 0
    assert "--run-id town-11999 " in Path("runs").read_text().splitlines()[1]


def test_a_job_ends_at_once_where_ray_does_not_start(script):
    code, said = ended(script(NO_RAY="yes"))
    assert (code, "simnet: Ray has ended on w" in said) == (1, True), said
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("addresses", "head"), [("127.0.1.1 fd00::2 10.0.0.2", "10.0.0.2"), ("127.0.1.1", None)]
)
def test_the_head_is_named_by_an_address_that_other_nodes_reach(script, addresses, head):
    code, said = ended(script(ADDRESSES=addresses, CODE="0"))
    if head is None:
        assert (code, "w1 does not say at which address" in said) == (1, True), said
        return
    assert code == 0, said
    assert f"--address {head}:" in Path("runs").read_text()


def test_ray_listens_where_the_system_gives_no_ports_to_connections(script):
    assert ended(script(CODE="0", SLURM_JOB_ID="39999"))[0] == 0
    (run,) = Path("runs").read_text().splitlines()
    assert run.split("--address ")[1].split()[0] == "10.0.0.1:23999"


def test_nodes_of_ray_have_the_environment_and_a_folder_of_this_user(script, tmp_path):
    assert ended(script(CODE="0"))[0] == 0
    nodes = [shlex.split(line) for line in Path("nodes").read_text().splitlines()]
    assert len(nodes) == 2
    assert all(f"--temp-dir={tmp_path}/ray-{os.getuid()}" in words for words in nodes)
    asked = Path("asked").read_text().splitlines()
    assert asked
    assert all("--export=ALL" in line for line in asked)
