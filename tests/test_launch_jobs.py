"""`simnet launch` writes scripts that bash accepts and resources that Kubernetes' rules allow."""

import json
import re
import shlex
import subprocess
import sys
from shlex import quote

import pytest
import yaml
from exported_names import exported_names
from typer.testing import CliRunner

from simnet.cli.app import app
from simnet.errors import UsageError
from simnet.jobs.cluster_job import ClusterJob, job_name
from simnet.jobs.slurm_script import slurm_script
from simnet.scheduler.figures.run_figures import FIGURES

SLURM = ("launch", "slurm", "town.py", "--time", "4h")
KUBERAY = ("launch", "kuberay", "town.py", "--image", "hub/town:1", "--claim", "runs")


@pytest.fixture(autouse=True)
def town(tmp_path, monkeypatch):
    """A folder with a scenario, from which jobs are launched."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "town.py").touch()


def simnet(*arguments):
    return CliRunner().invoke(app, arguments)


def written(*arguments):
    result = simnet(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_script_for_slurm_asks_for_what_was_asked_for():
    script = written(
        *(*SLURM, "--nodes", "8", "--gpus-per-node", "4", "--drain", "2m"),
        *("--sbatch", "partition=gpu", "--sbatch", "output=town.log", "--", "--replicas", "32"),
    )
    directives = [line for line in script.splitlines() if line.startswith("#SBATCH")]
    assert {
        "#SBATCH --nodes=8",
        "#SBATCH --gpus-per-node=4",
        "#SBATCH --exclusive",
        "#SBATCH --time=0-04:00:00",
        "#SBATCH --signal=B:TERM@120",
        "#SBATCH --requeue",
        "#SBATCH --partition=gpu",
        "#SBATCH --output=town.log",
    } <= set(directives)
    assert len({one.partition("=")[0] for one in directives}) == len(directives)
    assert "--num-gpus=4" in script
    assert "simnet run town.py --replicas 32 --run-id" in script


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--nodes 2 --gpus-per-node 2 -- --replicas 5", "5 engines each of 1 GPU, 5 GPUs in all"),
        ("-- --device gpu", "no GPU on 1 node"),
        ("--gpus-per-node 2 -- --model a --also big=b --replicas 2", "room for 2 of 4 engines"),
        ("--gpus-per-node 4 -- --engine tensor_parallel_size=8", "8 GPUs of one node"),
        ("--gpus-per-node 1 -- --also big=b --engine big.replicas=2", "room for 1 of 2 engines"),
        ("-- --max-minutes -1", "max_minutes) is -1"),
    ],
)
def test_a_job_is_refused_whose_gpus_cannot_hold_the_engines(tmp_path, words, told):
    for job in (SLURM, KUBERAY):
        result = simnet(*job, *words.split())
        assert result.exit_code == 2, result.output
        assert told in result.stderr
    (tmp_path / "simnet.toml").write_text("replicas = 3")
    assert "room for 1 of 3" in simnet(*SLURM, "--gpus-per-node", "1").stderr


@pytest.mark.parametrize(
    "words",
    [
        "--nodes 2 --gpus-per-node 2 -- --replicas 4",
        "--gpus-per-node 1 -- --replicas 2 --engine gpu_share=0.5",
        "--gpus-per-node 1 -- --replicas 2 --min-replicas 1",
        "-- --replicas 4",
        "-- --replicas 4 --backend fake",
        "--gpus-per-node 1 -- --model a --backend openai --base-url http://host/v1",
        "--nodes 2 --gpus-per-node 8 -- --engine={} --engine={}".format(
            "tensor_parallel_size=8", "pipeline_parallel_size=2"
        ),
        "--gpus-per-node 1 -- --also big=b",
        "-- --engines kept",
    ],
)
def test_a_job_is_written_whose_gpus_hold_the_engines(words):
    assert written(*SLURM, *words.split())


def test_a_script_for_slurm_is_one_that_bash_reads(tmp_path):
    out = tmp_path / "job's.sh"
    name = "it's $(rm -rf x) `here`.py"
    (tmp_path / name).touch()
    result = simnet("launch", "slurm", name, "--time", "1h", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert f"sbatch {quote(str(out))}" in result.stderr
    again = simnet("launch", "slurm", name, "--time", "1h", "--out", str(out))
    assert (again.exit_code, "pass --force" in again.stderr) == (2, True)
    forced = simnet("launch", "slurm", name, "--time", "1h", "--out", str(out), "--force")
    assert forced.exit_code == 0
    subprocess.run(["bash", "-n", out], check=True)
    (command,) = [line for line in out.read_text().splitlines() if "simnet run" in line]
    words = ["bash", "-c", f"python() {{ printf '%s|' \"$@\"; }}; {command.removesuffix('&')}"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert said.split("|")[:4] == ["-m", "simnet", "run", name]


def test_a_script_for_slurm_quotes_what_sbatch_would_divide(tmp_path, monkeypatch):
    folder = tmp_path / "it's #1"
    folder.mkdir()
    (folder / "town.py").touch()
    monkeypatch.chdir(folder)
    script = written(*SLURM, "--sbatch", 'comment=two "words" \\', "--sbatch", "qos=low")
    assert {
        f'#SBATCH --chdir="{folder}"',
        r'#SBATCH --comment="two \"words\" \\"',
        "#SBATCH --qos=low",
    } <= set(script.splitlines())


def test_a_script_for_slurm_uses_the_python_that_wrote_it():
    assert sys.executable.rpartition("/")[0] in written(*SLURM)


def test_a_job_for_kuberay_has_a_head_without_gpu_and_more_time_than_a_run_needs():
    size = ("--nodes", "3", "--gpus-per-node", "8", "--drain", "10m")
    text = written(*KUBERAY, *size, "--", "--model", "x")
    assert "&id" not in text
    job = yaml.safe_load(text)
    spec = job["spec"]["rayClusterSpec"]
    head, (workers,) = spec["headGroupSpec"], spec["workerGroupSpecs"]
    assert spec["authOptions"] == {"mode": "token"}
    assert (workers["replicas"], workers["minReplicas"], workers["maxReplicas"]) == (3, 3, 3)
    limits = [
        group["template"]["spec"]["containers"][0]["resources"]["limits"]
        for group in (head, workers)
    ]
    assert "nvidia.com/gpu" not in limits[0]
    assert limits[1]["nvidia.com/gpu"] == "8"
    for group in (head, workers):
        pod = group["template"]["spec"]
        (container,) = pod["containers"]
        environment = {one["name"]: one["value"] for one in container["env"]}
        assert pod["terminationGracePeriodSeconds"] > 600
        assert environment["RAY_JOB_STOP_WAIT_TIME_S"] == "600"
        assert container["volumeMounts"] == [{"name": "runs", "mountPath": "/runs"}]
    assert job["spec"]["shutdownAfterJobFinishes"]
    assert "ttlSecondsAfterFinished" not in job["spec"]  # GPUs would idle for so long


@pytest.mark.parametrize(("code", "told"), [(0, 0), (1, 1), (3, 3), (75, 0)])
def test_a_job_for_kuberay_starts_no_cluster_again_for_a_run_whose_budget_is_spent(
    tmp_path, code, told
):
    name = "it's $HOME `x`.py"
    job = yaml.safe_load(written(*KUBERAY[:2], name, *KUBERAY[3:], "--name", "town", "--", "-q"))
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nprintf '%s|' \"$@\" >> words\nexit {code}\n")
    python.chmod(0o755)
    words = f"printf '%s\\0' {job['spec']['entrypoint']}"  # by the shell of the operator's command
    shown = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=True).stdout
    entry = shlex.join(shown.split("\0")[:-1])  # as `ray job submit` does
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(["sh", "-c", entry], env=path, check=False)
    assert done.returncode == told
    assert (tmp_path / "words").read_text().split("|")[:-1] == [
        *("-m", "simnet", "run", name, "-q", "--run-id", "town", "--address", "auto"),
        *("--resume-if-exists", "--runs", "/runs"),
    ]


@pytest.mark.parametrize("memory", ["64Gi", "65536Mi", "68719476Ki", "64G", "1.5Ti"])
def test_amounts_of_memory_are_those_of_kubernetes(memory):
    assert f"memory: {memory}" in written(*KUBERAY, "--memory", memory)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((*SLURM, "--", "--replica", "2"), "No such option: --replica"),
        ((*SLURM, "--", "--replicas", "none"), "Invalid value for '--replicas'"),
        ((*SLURM, "--", "--address", "auto"), "the job gives --address itself"),
        ((*SLURM, "--", "--run-id=x"), "the job gives --run-id itself"),
        (("launch", "slurm", "twon.py:late", "--time", "4h"), "there is no file twon.py"),
        ((*SLURM, "--time", "soon"), "'soon' is not a duration"),
        ((*SLURM, "--time", "5m", "--drain", "5m"), "leaves it hardly any time"),
        ((*SLURM, "--sbatch", "partition"), "give NAME=VALUE"),
        ((*SLURM, "--sbatch", "nodes=3"), "--sbatch nodes: the script gives it itself"),
        ((*SLURM, "--sbatch", "p x=3"), "it is no option"),
        ((*SLURM, "--sbatch", "comment=a\nrm x"), "no line break"),
        ((*SLURM, "--name", "a b"), "is not a run id"),
        ((*SLURM, "--", "--mirror", "s3://me:hidden@runs"), "an address in it has a secret"),
        ((*KUBERAY, "--", "--mirror", "s3://runs?secret_key=hidden"), "has a secret"),
        ((*SLURM, "--", "--base-url", "http://me:hidden@host/v1"), "has a secret"),
        ((*KUBERAY, "--name", "Town_1"), "is no name for Kubernetes"),
        ((*KUBERAY, "--memory", "lots"), "is no amount of memory"),
        ((*KUBERAY, "--image", ""), "'' is no container image"),
        ((*KUBERAY, "--image", "town 1"), "is no container image"),
        ((*KUBERAY, "--claim", "My Runs"), "is no name of a persistent volume claim"),
        ((*KUBERAY, "--memory", "64ki"), "is no amount of memory"),
        ((*KUBERAY, "--", "--runs", "here"), "the job gives --runs itself"),
    ],
)
def test_what_no_job_can_have_is_refused(arguments, told):
    result = simnet(*arguments)
    assert (result.exit_code, told in result.stderr) == (2, True), result.stderr
    assert "hidden" not in result.output


def test_a_scheduler_asked_from_python_refuses_the_same():
    with pytest.raises(UsageError, match="0 nodes"):
        ClusterJob(target="town.py", name="town", nodes=0)
    job = ClusterJob(target="town.py", name="town", drain=60)
    with pytest.raises(UsageError, match="hardly any time"):
        slurm_script(job, time=100)


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("scenarios/Tap_Water.py", "tap-water"),
        ("studies.town:late", "town-late"),
        ("/", "run"),
        ("ü.py", "run"),
    ],
)
def test_a_job_is_named_after_its_scenario(target, name):
    assert job_name(target) == name


def test_the_dashboard_asks_for_figures_that_are_exported(tmp_path):
    out = tmp_path / "dashboard.json"
    written = CliRunner().invoke(app, ["launch", "grafana", "--out", str(out)])
    assert written.exit_code == 0, written.output
    shown = json.loads(out.read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in shown["panels"] for target in panel["targets"]]
    names = {name for expression in asked for name in re.findall(r"ray_simnet_\w+", expression)}
    assert names <= exported_names()
    assert {f"ray_simnet_run_{figure.name}" for figure in FIGURES} <= names
    printed = CliRunner().invoke(app, ["launch", "grafana"])
    assert json.loads(printed.stdout) == shown
