"""Slurm with two nodes on this machine, for as long as the tests last."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))
from waiting import wait_until

NODES = {"w1": 17101, "w2": 17102}
CONFIGURATION = """\
ClusterName=simnet
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=17100
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
JobRequeue=1
KillWait=30
MpiDefault=none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
{nodes}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


@pytest.fixture(scope="session")
def slurm():
    """The environment of commands of Slurm. Its programs have to be there: `make slurm-test`."""
    folder = Path(tempfile.mkdtemp(prefix="slurm", dir="/tmp"))
    folder.chmod(0o755)
    host = socket.gethostname().split(".")[0]
    nodes = "\n".join(
        f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} "
        f"CPUs={os.cpu_count()} State=UNKNOWN"
        for name, port in NODES.items()
    )
    configuration = folder / "slurm.conf"
    configuration.write_text(CONFIGURATION.format(host=host, folder=folder, nodes=nodes))
    (folder / "state").mkdir()
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    environment = {**os.environ, "SLURM_CONF": str(configuration)}
    munge = [f"--key-file={key}", f"--socket={folder}/munge.socket", "--force"]
    files = [f"--{what}-file={folder}/munged.{what}" for what in ("pid", "log", "seed")]
    try:
        subprocess.run(["munged", *munge, *files], check=True)
        subprocess.run(["slurmctld", "-c", "-f", configuration], check=True, env=environment)
        for name in NODES:
            command = ["slurmd", "-f", configuration, "-N", name]
            subprocess.run(command, check=True, env=environment)
        wait_until(lambda: _idle(environment) == len(NODES))
        yield environment
    finally:
        for file in folder.glob("*.pid"):
            _end(int(file.read_text()))
        shutil.rmtree(folder)


def _idle(environment):
    command = ["sinfo", "--noheader", "--Node", "--format=%T"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.stdout.split().count("idle")


def _end(number):
    try:
        process = psutil.Process(number)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    except psutil.NoSuchProcess:
        pass
