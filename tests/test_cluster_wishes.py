"""What is said about a cluster is read, and checked before anything starts."""

import importlib.util
import os
import subprocess
import sys

import pytest

import simnet
from simnet import Cohort, Scenario, sample
from simnet.cli.app import app
from simnet.errors import UsageError
from simnet.inference.backends.choice import choose
from simnet.inference.backends.vllm_backend import _DEFAULT_ON_GPU, VllmBackend
from simnet.inference.engine.embedded import NAME
from simnet.inference.settings import EngineSettings
from simnet.runs.options.options import ModelOptions, RunOptions
from simnet.runs.plans.provenance import from_python
from simnet.runs.start import start_plan
from simnet.runtime.nodes.cluster_view import ClusterView, Node, check_labels, cpu_share
from simnet.runtime.nodes.cluster_wishes import read_wishes
from simnet.runtime.nodes.labels import has_labels, read_labels, write_labels

FAKE = ModelOptions(backend="fake")


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        ("pool=a", {"a"}),
        ("pool=!a", {"b", "c", None}),
        ("pool=in(a,b)", {"a", "b"}),
        ("pool=!in(a,b)", {"c", None}),
    ],
)
def test_labels_are_those_that_ray_selects(condition, values):
    conditions = read_labels(condition, "--agents-on")
    assert write_labels(conditions) == condition
    there = {
        value
        for value in ("a", "b", "c", None)
        if has_labels({} if value is None else {"pool": value}, conditions)
    }
    assert there == values


def test_several_labels_have_to_hold_together():
    conditions = read_labels("pool=in(a,b),ray.io/zone=z", "--agents-on")
    assert has_labels({"pool": "b", "ray.io/zone": "z"}, conditions)
    assert not has_labels({"pool": "b"}, conditions)
    assert read_labels({"pool": "a"}, "--agents-on") == {"pool": "a"}


@pytest.mark.parametrize("text", ["pool", "pool=", "=a", "pool=a b", "pool=a,pool=b", "pool=in()"])
def test_labels_that_cannot_be_are_refused_with_an_example(text):
    with pytest.raises(UsageError, match=r"--agents-on.*such as pool=cpu"):
        RunOptions(agents_on=text)


def test_labels_that_no_node_has_are_told_with_those_there_are():
    view = ClusterView((Node("1", "n1", 2, 0, 1e9, {"pool": "a", "ray.io/node-id": "1"}),))
    check_labels(view, {"pool": "a"}, "--agents-on")
    with pytest.raises(UsageError, match=r"--agents-on pool=b: no node .* there are: pool=a\. "):
        check_labels(view, {"pool": "b"}, "--agents-on")


def test_actors_reserve_cores_that_all_of_them_can_have():
    assert cpu_share(4, 64) == 0.1
    assert cpu_share(1000, 64) * 1000 <= 32
    assert cpu_share(10, 0) == cpu_share(0, 8) == 0


def test_a_wait_is_a_duration():
    assert read_wishes(wait_for_resources="10m").wait == 600
    assert read_wishes(wait_for_resources=5).wait == 5
    for wrong in ("soon", -1):
        with pytest.raises(UsageError, match="--wait-for-resources"):
            read_wishes(wait_for_resources=wrong)
    with pytest.raises(UsageError, match="min_replicas"):
        read_wishes(min_replicas=0)
    assert read_wishes(min_replicas=3).least(2) == 2
    assert read_wishes().least(2) == 2


@pytest.mark.parametrize("address", ["ray://head:10001", "http://head:8265", "k8s://x"])
def test_the_address_of_a_client_is_refused_with_the_command_to_use(address, monkeypatch):
    said = "simnet submit TARGET --address http://.*:8265 --runs"
    with pytest.raises(UsageError, match=said):
        RunOptions(address=address)
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(UsageError, match=said):
        RunOptions()
    assert RunOptions(ray=False).cluster_address is None


def test_the_environment_names_the_cluster(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "head:6379")
    assert RunOptions().cluster_address == "head:6379"
    assert RunOptions().placed
    assert RunOptions(address="other:1").cluster_address == "other:1"
    scenario = Scenario("town", [Cohort("people", sample(2))])
    plan = start_plan(from_python(scenario, None), RunOptions(models=FAKE))
    assert (plan.address, plan.ray) == ("head:6379", None)
    monkeypatch.setenv("RAY_ADDRESS", "local")
    assert RunOptions().cluster_address is None


def test_a_cluster_decides_the_device_and_the_default_model():
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed")
    chosen = choose()
    on_gpus, on_cpus = chosen.on_cluster(8), chosen.on_cluster(0)
    assert (on_gpus.model, on_gpus.gpus, on_gpus.on_cpu) == (_DEFAULT_ON_GPU, 1, False)
    assert (on_cpus.model, on_cpus.gpus, on_cpus.on_cpu) == (NAME, 0, True)
    named = choose(model="m").on_cluster(8)
    assert (named.model, named.on_cpu) == ("m", False)
    asked = choose(model="m", engine={"device": "cpu"}).on_cluster(8)
    assert asked.on_cpu


@pytest.mark.parametrize(("nodes", "executor"), [(1, "mp"), (2, "ray")])
def test_an_engine_on_several_gpus_says_how_vllm_runs_it(nodes, executor):
    extra = {"tensor_parallel_size": 4, "pipeline_parallel_size": 2}
    settings = EngineSettings(model="m", device="gpu", extra=extra)
    placed = VllmBackend(model="m", settings=settings).across(nodes)
    assert placed.settings.engine_arguments()["distributed_executor_backend"] == executor
    single = VllmBackend(model="m", settings=EngineSettings(model="m", device="gpu"))
    assert single.across(1) == single


@pytest.mark.parametrize("place", ["s3://bucket/runs", "gs://b", "hdfs://x/y"])
def test_runs_are_never_written_to_a_folder_called_like_an_object_store(
    place, tmp_path, monkeypatch
):
    from typer.testing import CliRunner

    monkeypatch.chdir(tmp_path)
    (tmp_path / "town.py").write_text(
        "from simnet import *\nscenario = Scenario('town', [Cohort('people', sample(2))], lasts=60)"
    )
    done = CliRunner().invoke(app, ["run", "town.py", "--backend", "fake", "--runs", place])
    assert done.exit_code == UsageError.exit_code
    with pytest.raises(UsageError, match="is an address, and runs are written to a disk"):
        simnet.run(Scenario("town", [Cohort("people", sample(2))]), backend="fake", out=place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["town.py"]


def test_the_command_line_is_a_module_too():
    done = subprocess.run(
        [sys.executable, "-m", "simnet", "version"],
        capture_output=True, text=True, check=True, env=os.environ,
    )  # fmt: skip
    assert simnet.__version__ in done.stdout


WITHOUT_VLLM = """
import importlib.util, sys
from pathlib import Path

find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "vllm" else find(name, *rest)

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"vllm", "torch"}:
            raise ImportError(f"{name} is not installed here")

sys.meta_path.insert(0, Blocked())

from simnet import Cohort, Exponential, Scenario, UsageError, sample
from simnet.runs.cluster.joining_cluster import settled
from simnet.runs.launching.launcher import with_prepared_models
from simnet.runs.options.options import ModelOptions, RunOptions
from simnet.runs.plans.provenance import from_python
from simnet.runs.start import start_plan
from simnet.runtime.nodes.cluster_view import ClusterView, Node

town = Scenario("town", [Cohort("people", sample(3), rhythm=Exponential(60.0))])
engine = {"max_model_len": 4096, "enable_expert_parallel": True}
for model in (sys.argv[1], "some/model-on-the-nodes", None):
    models = ModelOptions(model=model, engine=engine)
    plan = start_plan(from_python(town), RunOptions(models=models, address="head:6379"))
    view = ClusterView((Node("a", "a", 8, 2, 1e9),))
    (ready,) = with_prepared_models(settled(plan, view), print).started.values()
    print(ready.model, ready.shape.describe(), ready.settings.extra)
    try:
        start_plan(from_python(town), RunOptions(models=models))
    except UsageError as error:
        assert "vLLM is not installed" in str(error)
    else:
        raise AssertionError("a run here needs vLLM here")
"""


def test_a_driver_without_vllm_plans_a_run_whose_engines_are_on_other_nodes(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    environment = {name: one for name, one in os.environ.items() if name != "RAY_ADDRESS"}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_VLLM, tmp_path / "model"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    shown = done.stdout.splitlines()
    assert [line.split()[0] for line in shown] == [
        str(tmp_path / "model"),
        "some/model-on-the-nodes",
        _DEFAULT_ON_GPU,
    ]
    assert all("'enable_expert_parallel': True" in line for line in shown)
