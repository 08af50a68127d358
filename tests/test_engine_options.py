"""Settings of engines and endpoints by name, from the command line and from Python."""

import importlib.util
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from simnet import HOUR, Cohort, Persona, Run, Scenario, Steps, run
from simnet.cli.app import app
from simnet.cli.options import ModelFlags
from simnet.errors import InputError, UsageError
from simnet.inference.backends import vllm_backend
from simnet.inference.backends.choice import choose
from simnet.inference.backends.openai_backend import OpenAIBackend
from simnet.inference.backends.vllm_backend import VllmBackend
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.inference.engine.engine_options import vllm_arguments, with_options
from simnet.inference.settings import EngineSettings, environment
from simnet.recording.files.manifest import ModelFacts
from simnet.runs.models import model_selection
from simnet.runs.options.options import ModelOptions
from simnet.runs.plans.create import facts_of_model

VLLM = {"tensor_parallel_size": "int", "quantization": "QuantizationMethods | str | None"}


def town():
    people = [Persona(id="ann", description="Bakes.")]
    return Scenario("town", [Cohort("c", people, rhythm=Steps(HOUR))], lasts=2 * HOUR)


@pytest.fixture
def vllm(monkeypatch):
    """As if vLLM were installed with these arguments."""
    monkeypatch.setattr(vllm_backend, "vllm_arguments", lambda: VLLM)
    found = type("Spec", (), {"origin": "vllm/__init__.py"})
    monkeypatch.setattr(vllm_backend.importlib.util, "find_spec", lambda name: found)


@pytest.mark.usefixtures("vllm")
def test_settings_and_arguments_of_vllm_are_given_by_name():
    engine = {"max_model_len": 4096, "dtype": "half", "tensor_parallel_size": 2, "device": "gpu"}
    backend = choose("vllm", "m", engine=engine | {"gpu_memory_utilization": 0.5, "threads": 3})
    arguments = backend.settings.engine_arguments()
    assert arguments["max_model_len"] == 4096
    assert (arguments["dtype"], arguments["gpu_memory_utilization"]) == ("half", 0.5)
    assert (arguments["tensor_parallel_size"], backend.gpus) == (2, 2)
    assert backend.settings.threads == 3


@pytest.mark.usefixtures("vllm")
@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ({"max_modl_len": 4096}, "--engine max_modl_len: there is no such setting; did you mean"),
        ({"max_model_len": "many"}, r"--engine max_model_len=many: give a value of the type int"),
        (
            {"tensor_parallel_size": 1.5},
            "--engine tensor_parallel_size=1.5: give a value of .* int",
        ),
        ({"threads": True}, "--engine threads=True: give a value of the type int"),
        ({"model": "m"}, "choose the model with --model"),
        ({"extra": {}}, "there is no such setting"),
    ],
)
def test_wrong_names_and_types_are_found_before_anything_starts(engine, message):
    with pytest.raises(UsageError, match=message):
        choose("vllm", "m", engine=engine)


@pytest.mark.usefixtures("vllm")
@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ({"gpu_memory_utilization": 40}, "give a share"),
        ({"threads": 0}, "give 1 or more"),
        ({"deadline": -1}, "deadline of the engine must be above 0"),
    ],
)
def test_values_that_cannot_work_are_found_before_anything_starts(engine, message):
    with pytest.raises(InputError, match=message):
        choose("vllm", "m", engine=engine)


def test_an_endpoint_has_settings_too():
    backend = choose("openai", "m", endpoint=Endpoint(base_url="http://h/v1"), engine={"tries": 3})
    assert (backend.endpoint.tries, backend.endpoint.in_flight) == (3, 256)
    with pytest.raises(UsageError, match="no such setting; did you mean 'in_flight'"):
        choose("openai", "m", endpoint=Endpoint(base_url="http://h/v1"), engine={"inflight": 3})


def test_the_fake_model_has_none():
    with pytest.raises(UsageError, match="--engine threads: the backend fake has no engine"):
        choose("fake", engine={"threads": 2})


def test_the_command_line_reads_values_as_json_or_text():
    flags = ModelFlags(
        engine=["max-model-len=4096", "dtype=half", "enforce_eager=True", "x=[1]", "y=null"],
        deadline=7.5,
    )
    assert flags.read().settings_by_name == {
        "max_model_len": 4096, "dtype": "half", "enforce_eager": True, "x": [1], "y": None,
        "deadline": 7.5,
    }  # fmt: skip
    with pytest.raises(UsageError, match="give NAME=VALUE"):
        ModelFlags(engine=["threads"]).read()


def test_the_command_refuses_an_unknown_setting_with_its_exit_code(tmp_path):
    file = tmp_path / "town.py"
    file.write_text("from test_engine_options import town\ntown = town()\n")
    command = ["run", str(file), "--backend", "openai", "--base-url", "http://h/v1"]
    command += ["--model", "m", "--engine", "trys=3", "--runs", str(tmp_path / "runs")]
    result = CliRunner().invoke(app, command)
    assert (result.exit_code, (tmp_path / "runs").exists()) == (2, False)
    assert "error: --engine trys: there is no such setting; did you mean 'tries'?" in result.output


def test_settings_of_a_run_are_recorded_and_kept_on_resume_unless_given_anew(monkeypatch):
    made = []
    monkeypatch.setattr(model_selection, "choose", lambda *given, **_: made.append(given[-1]))
    facts = ModelFacts(name="m", backend="vllm", engine={"max_model_len": 512, "threads": 2})
    recorded = type("Recorded", (), {"id": "r"})
    options = ModelOptions(engine={"threads": 1}, deadline=9.0)
    model_selection._recorded(recorded, town(), None, facts, options)
    model_selection._recorded(recorded, town(), None, facts, replace(options, backend="openai"))
    assert made == [
        {"max_model_len": 512, "threads": 1, "deadline": 9.0},
        {"threads": 1, "deadline": 9.0},
    ]
    endpoint = Endpoint(base_url="http://h/v1")
    backend = OpenAIBackend(model="m", endpoint=endpoint, engine={"tries": 3})
    assert facts_of_model(backend).engine == {"tries": 3}


@pytest.mark.filterwarnings("ignore:.*nobody in c follows anyone:simnet.errors.ScenarioWarning")
def test_python_takes_the_same_settings(tmp_path):
    with pytest.raises(UsageError, match="--engine deadline: the backend fake has no engine"):
        run(town(), backend="fake", deadline=3.0, out=tmp_path)
    with pytest.raises(UsageError, match="--engine threads: the backend fake has no engine"):
        run(town(), backend="fake", engine={"threads": 1}, out=tmp_path)
    assert isinstance(run(town(), backend="fake", ray=False, out=tmp_path), Run)


def test_threads_are_those_that_the_user_asks_for(monkeypatch):
    settings = EngineSettings(model="m", device="cpu")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    asked = settings.with_users_threads()
    assert environment(cpu=True, threads=asked.threads)["OMP_NUM_THREADS"] == "3"
    assert asked.shared(2, 16).threads == 3
    assert replace(settings, threads=5).with_users_threads().threads == 5
    for nonsense in ("", "many", "0x4"):
        monkeypatch.setenv("OMP_NUM_THREADS", nonsense)
        assert settings.with_users_threads() == settings
    monkeypatch.setenv("OMP_NUM_THREADS", "4,2")
    assert settings.with_users_threads().threads == 4


def test_text_and_numbers_become_what_a_setting_takes():
    settings = EngineSettings(model="m")
    changed = with_options(settings, {"deadline": 9, "revision": 12, "max_num_seqs": 8.0})
    assert (changed.deadline, changed.revision, changed.max_num_seqs) == (9.0, "12", 8)
    assert with_options(settings, {"max_model_len": None}) == settings


def test_the_arguments_of_the_installed_vllm_are_read_from_its_source():
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed")
    arguments = vllm_arguments()
    assert {"tensor_parallel_size", "quantization", "max_model_len", "seed"} <= set(arguments)
    assert arguments["tensor_parallel_size"] == "int"
    assert VllmBackend(model="m").gpus == 0 or not VllmBackend(model="m").on_cpu
