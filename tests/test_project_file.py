"""`simnet.toml`: what it may say, what counts more, and what is wrong in it."""

import inspect
from pathlib import Path

import pytest
from docs_pages import ROOT, blocks_of
from typer.testing import CliRunner

from simnet.api import Run, project_options, run
from simnet.cli.app import app
from simnet.errors import InputError, UsageError
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.runs.models.model_selection import choose_models
from simnet.runs.options.options import ModelOptions
from simnet.runs.options.project_file import KEYS
from simnet.scenario.files.loading import load_scenario

SCENARIO = """
from simnet import Cohort, Scenario, Steps, sample
a = Cohort("a", sample(2), rhythm=Steps(60.0), reacts_in=1.0)
b = Cohort("b", sample(2, seed=1), rhythm=Steps(60.0), reacts_in=1.0, model="big")
talk = Scenario("talk", [a, b], lasts=600.0)
"""
FILE = """
backend = "fake"
model = "small"
out = "../runs"
max_calls = 12
agents_on = {pool = "cpu"}

[adapters]
kind = "lora/kind"

[models]
other = "plain"

[models.big]
model = "huge"
replicas = 1

[models.big.engine]
tensor_parallel_size = 4
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "talk.py").write_text(SCENARIO, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)

    def write(text):
        (folder / "simnet.toml").write_text(text, encoding="utf-8")
        return folder

    return write


def test_the_keys_are_arguments_of_run_and_paths_are_relative_to_the_file(project):
    folder = project(FILE)
    said = project_options(folder / "simnet.toml")
    assert said["model"] == "small"
    assert said["out"] == str(folder.parent / "runs")
    assert said["adapters"] == {"kind": str(folder / "lora/kind")}
    assert said["models"] == {"other": "plain", "big": "huge"}
    assert said["engine"] == {"big.replicas": 1, "big.tensor_parallel_size": 4}
    (folder / "small").mkdir()
    assert project_options(folder / "simnet.toml")["model"] == str(folder / "small")


def test_a_run_takes_the_file_beside_its_scenario_and_the_command_line_counts_more(project):
    folder = project('backend = "fake"\nmodel = "small"\nmax_calls = 12\nmodels = {big = "huge"}')
    result = CliRunner().invoke(app, ["run", "town/talk.py", "--quiet"])
    assert result.exit_code == 75, result.output  # the budget of the file is spent
    done = Run.open(result.stdout.strip())
    assert (done.manifest.model.name, done.manifest.models["big"].name) == ("small", "huge")
    more = CliRunner().invoke(
        app, ["run", "town/talk.py", "--quiet", "--max-calls", "1000", "--model", "mine"]
    )
    assert more.exit_code == 0, more.output
    assert Run.open(more.stdout.strip()).manifest.model.name == "mine"
    assert Path(more.stdout.strip()).resolve().parent == folder.parent / "runs"


def test_where_each_option_is_from_is_shown_and_the_environment_counts_more(project, monkeypatch):
    project('backend = "fake"\n\naddress = "here:1"\nmax_calls = 3\n[models]\nbig = "huge"\n')
    monkeypatch.setenv("RAY_ADDRESS", "there:2")
    monkeypatch.setenv("COLUMNS", "120")
    shown = CliRunner().invoke(
        app, ["run", "town/talk.py", "--show-config", "--max-calls", "5", "--also", "x=y"]
    )
    assert shown.exit_code == 0, shown.output
    rows = {line.split()[0]: line.split(maxsplit=1)[1] for line in shown.stdout.splitlines()}
    assert rows["backend"].split() == ["fake", "town/simnet.toml:1"]
    assert rows["address"].split() == ["there:2", "RAY_ADDRESS"]
    assert rows["max_calls"].split() == ["5", "command", "line"]
    assert rows["models"].endswith("command line, and town/simnet.toml:5")
    assert rows["personas_per_actor"].split() == ["auto", "default"]


def test_models_in_tables_are_shown_with_the_line_of_the_first_of_them(project):
    project(
        'backend = "fake"\n\n[models.big]\nmodel = "huge"\n[models.big.engine]\n'
        'tensor_parallel_size = 1\n[models.other]\nmodel = "plain"\n'
    )
    shown = CliRunner().invoke(app, ["run", "town/talk.py", "--show-config", "--force"])
    assert shown.exit_code == 0, shown.output
    rows = {line.split()[0]: line.split()[-1] for line in shown.stdout.splitlines()}
    assert (rows["models"], rows["engine"]) == ("town/simnet.toml:3", "town/simnet.toml:3")


def test_a_run_without_ray_leaves_the_cluster_of_the_file_aside(project):
    folder = project('backend = "fake"\naddress = "here:1"\n[models]\nbig = "huge"\n')
    done = CliRunner().invoke(app, ["run", "town/talk.py", "--no-ray", "--quiet"])
    assert done.exit_code == 0, done.output
    (folder / "simnet.toml").write_text('ray = false\naddress = "here:1"\n')
    refused = CliRunner().invoke(app, ["run", "town/talk.py"])
    assert "simnet.toml:2: address: the cluster at here:1 cannot be used" in refused.stderr


def test_another_backend_on_the_command_line_leaves_the_models_of_the_file_aside(project):
    project('model = "Qwen/Qwen3"\n[engine]\nmax_model_len = 100\n')
    arguments = ["--backend", "fake", "--also", "big=huge", "--quiet"]
    result = CliRunner().invoke(app, ["run", "town/talk.py", *arguments])
    assert result.exit_code == 0, result.output
    assert Run.open(result.stdout.strip()).manifest.model.name == "fake"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'backend = "fake"\nreplica = 2',
            r"toml:2: there is no key 'replica'; did you mean",
        ),
        ('backend = "fake"\n\nreplicas = "two"', r":3: replicas is 'two'; give a whole number"),
        ("force = 1", r":1: force is 1; give true or false"),
        ("replicas = true", r":1: replicas is True; give a whole number"),
        ('[models.big]\nreplicas = 2\n\nmodle = "x"', r":4: there is no key 'modle' of models.big"),
        ("[models.big]\nreplicas = 2", r":1: the model big lacks its key `model`"),
        ("[adapters]\na = 'x'\nb = 3", r":3: adapters.b is 3; give text"),
        ("model = ", r"simnet.toml is no TOML: Invalid value"),
        ("\nbackend = 'fak'", r":2: backend: there is no backend 'fak'"),
        ("max_calls = 5\nmax_minutes = -1", r":2: max_minutes: .* is -1; give a number above 0"),
        ("max_calls = 5\nreplicas = 0", r":2: replicas: .* 0 replicas; give 1 or more"),
        ("backend = 'fake'\ndevice = 'tpu'", r":2: device: device is 'tpu'; choose"),
        ("personas_per_actor = 'many'", r":1: personas_per_actor: .* is many; give 1 or more"),
        ("\ntrack = 'x'", r":2: track: there is no tracker 'x'"),
        ("\nout = 's3://b/runs'", r":2: out: 's3://b/runs' is an address"),
        ("\nmodel = ''", r":2: model is empty"),
        ("base_url = 'abc'\nbackend = 'openai'", r":1: base_url: --base-url abc: give an address"),
        (
            "replicas = 2\n[engine]\nthreads = -1",
            r":3: engine.threads: threads of the engine is",
        ),
        (
            "[models.big]\nmodel = 'x'\nreplicas = 0",
            r":3: models.big.replicas: .* 0 replicas",
        ),
        ("[models.a]\nmodel = 'x'\nengine.threads = -1", r":3: models.a.engine.threads: threads"),
        ("ray = false\naddress = 'here:1'", r":2: address: the cluster at here:1 cannot be used"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(project, text, message):
    folder = project(text)
    with pytest.raises(InputError, match=message):
        project_options(folder / "simnet.toml")
    result = CliRunner().invoke(app, ["run", "town/talk.py"])
    assert result.exit_code == 3


def test_an_adapter_that_is_not_there_is_told_with_file_and_line_where_it_is_used(project):
    project('backend = "fake"\n[adapters]\na = "nowhere"\n')
    refused = CliRunner().invoke(app, ["run", "town/talk.py"])
    assert refused.exit_code == 3
    assert "simnet.toml:3: adapter 'a': " in refused.stderr


def test_commands_that_look_runs_up_look_where_the_file_here_says(project, monkeypatch):
    folder = project('backend = "fake"\nout = "../kept"\nmodels = {big = "huge"}\n')
    done = CliRunner().invoke(app, ["run", "town/talk.py", "--quiet"])
    run = Path(done.stdout.strip())
    elsewhere = CliRunner().invoke(app, ["ls"])
    assert elsewhere.exit_code == 2
    assert "there is no folder runs" in elsewhere.stderr
    monkeypatch.chdir(folder)
    for arguments in (
        ["ls"],
        ["show"],
        ["show", run.name],
        ["verify", "--json"],
        ["ls", "../kept"],
    ):
        found = CliRunner().invoke(app, arguments)
        assert found.exit_code == 0, found.output
        assert run.name in found.stdout
    assert CliRunner().invoke(app, ["ls", "--runs", "runs"]).exit_code == 2
    again = CliRunner().invoke(app, ["run", "talk.py", "--quiet", "--runs", "mine"])
    assert Path(again.stdout.strip()).parent == Path("mine")
    project("out = 3\nreplicas = 0")
    refused = CliRunner().invoke(app, ["ls"])
    assert (refused.exit_code, "simnet.toml:1: out is 3" in refused.stderr) == (3, True)


def test_settings_of_one_model_are_of_that_model_alone(project):
    folder = project("")
    scenario = load_scenario(str(folder / "talk.py")).scenario
    engine = {"device": "gpu", "big.tensor_parallel_size": 4, "big.replicas": 2}
    options = ModelOptions(backend="fake", models={"big": "huge"}, engine=engine)
    chosen = choose_models(scenario, options)
    big = chosen.further["big"]
    assert isinstance(big, FakeBackend)
    assert (big.shape.tensor, big.replicas) == (4, 2)
    assert (chosen.default.shape.tensor, chosen.default.replicas) == (1, 1)
    wrong = ModelOptions(backend="fake", models={"big": "huge"}, engine={"bog.replicas": 2})
    with pytest.raises(UsageError, match="no model 'bog'; did you mean 'big'"):
        choose_models(scenario, wrong)


def test_the_files_in_the_docs_are_right_and_all_keys_are_named_there(project):
    page = ROOT / "docs/reference/configuration.md"
    blocks = [block for block in blocks_of(page) if block.language == "toml"]
    assert blocks
    for block in blocks:
        said = project_options(project(block.code) / "simnet.toml")
        assert said["engine"]["big.tensor_parallel_size"] == 4
    text = page.read_text(encoding="utf-8")
    assert [key for key in KEYS if f"`{key}`" not in text] == []


def test_the_keys_are_those_of_run():
    assert set(KEYS) <= set(inspect.signature(run).parameters)
