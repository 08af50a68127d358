"""Models and adapters from folders are recorded by name and checksum, and found again."""

import json
import os
import shutil
from importlib.machinery import ModuleSpec

import pytest
from test_again import tables
from test_again_cli import TOWN, Line

from simnet import FakeModel, Run
from simnet.errors import InputError, ModelNotFoundError, UsageError
from simnet.foundation.known_places import recall, remember
from simnet.inference.backends import vllm_backend
from simnet.inference.backends.openai_backend import OpenAIBackend
from simnet.inference.backends.vllm_backend import VllmBackend
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.inference.model_folder import folder_checksum, served_name
from simnet.inference.settings import EngineSettings
from simnet.runs.models.model_selection import choose_recorded_models
from simnet.runs.options.options import ModelOptions
from simnet.runs.plans.engine_paths import engine_of
from simnet.scenario.files.loading import load_scenario

LARGE = 17 * 2**20


def model_folder(folder, weights=b"weights", **config):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "tiny", **config}))
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def adapter_folder(folder, weights=b"low rank"):
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({"r": 8}))
    (folder / "adapter_model.safetensors").write_bytes(weights)
    return folder


@pytest.fixture
def line(tmp_path, monkeypatch):
    """The command line, on which vLLM answers like the fake model."""
    found = ModuleSpec("vllm", None, origin="vllm/__init__.py")
    monkeypatch.setattr(vllm_backend.importlib.util, "find_spec", lambda name: found)
    monkeypatch.setattr(VllmBackend, "needs_process", False)
    monkeypatch.setattr(VllmBackend, "encoder", lambda self: None)
    monkeypatch.setattr(VllmBackend, "build", lambda self: FakeModel(name=self.recorded_name))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "town.py").write_text(TOWN)
    monkeypatch.chdir(tmp_path)
    return Line(tmp_path)


def texts_in(run):
    """All that a run has on disk, as one text."""
    files = [path for path in run.path.rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in files)


def begin(line, *options):
    words = ("--no-ray", "--max-calls", "4", "--quiet", *options)
    done = line("run", "town.py:town", *words)
    assert done.exit_code == 75, done.output
    return line.newest()


def test_a_run_with_a_folder_records_no_path_and_goes_on(line, tmp_path):
    folder = model_folder(tmp_path / "models" / "tiny-1", _name_or_path="/somebody/else")
    voice = adapter_folder(tmp_path / "adapters" / "voice-7")
    run = begin(line, "--model", folder, "--adapter", f"voice={voice}")
    facts = run.manifest.model
    assert (facts.name, facts.checksum) == ("tiny-1", folder_checksum(folder))
    assert facts.adapters == {"voice": folder_checksum(voice)}
    assert set(run.read("calls")["model"].to_pylist()) == {"tiny-1"}
    assert str(tmp_path).encode() not in texts_in(run)
    shown = [line(*words).output for words in (("ls",), ("show", run.id), ("cost", run.id))]
    assert not any("models/" in text or "/somebody" in text for text in shown)
    again = line("resume", run.id, "--no-ray")
    assert again.exit_code == 0, again.output
    done = Run.open(run.path)
    assert (done.manifest.replaced, done.manifest.model) == ((), facts)
    assert str(tmp_path).encode() not in texts_in(done)
    assert line("fork", run.id, "--at", "40m", "--no-ray").exit_code == 0


def test_a_folder_that_moved_is_asked_for_with_its_checksum(line, tmp_path):
    folder = model_folder(tmp_path / "models" / "tiny-1")
    run = begin(line, "--model", folder)
    checksum = run.manifest.model.checksum
    moved = folder.rename(tmp_path / "elsewhere")
    refused = line("resume", run.id, "--no-ray")
    assert refused.exit_code == 3
    for words in ("'tiny-1'", checksum, f"it was in {folder}", "--model FOLDER"):
        assert words in refused.output
    again = line("resume", run.id, "--no-ray", "--model", moved)
    assert again.exit_code == 0, again.output
    facts = Run.open(run.path).manifest.model
    assert (facts.name, facts.checksum) == ("tiny-1", checksum)


def test_another_machine_is_told_the_checksum_and_what_to_give(line, tmp_path, monkeypatch):
    run = begin(line, "--model", model_folder(tmp_path / "tiny-1"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another machine"))
    refused = line("resume", run.id, "--no-ray")
    assert refused.exit_code == 3
    assert f"checksum {run.manifest.model.checksum}: this machine has not noted" in refused.output
    assert "--model FOLDER" in refused.output


def test_other_files_under_the_recorded_name_are_refused_with_both_checksums(line, tmp_path):
    folder = model_folder(tmp_path / "one" / "tiny-1")
    voice = adapter_folder(tmp_path / "one" / "voice")
    run = begin(line, "--model", folder, "--adapter", f"voice={voice}")
    recorded = run.manifest.model
    other = model_folder(tmp_path / "two" / "tiny-1", b"trained on")
    refused = line("resume", run.id, "--no-ray", "--model", other)
    assert refused.exit_code == 2
    assert recorded.checksum in refused.output
    assert folder_checksum(other) in refused.output
    assert "simnet fork" in refused.output
    another = adapter_folder(tmp_path / "two" / "voice", b"trained on")
    refused = line("resume", run.id, "--no-ray", "--adapter", f"voice={another}")
    assert recorded.adapters["voice"] in refused.output
    assert folder_checksum(another) in refused.output
    (folder / "model.safetensors").write_bytes(b"trained on in place")
    refused = line("resume", run.id, "--no-ray")
    assert refused.exit_code == 3
    assert f"whose files have the checksum {folder_checksum(folder)} now" in refused.output


def test_a_model_of_another_name_replaces_the_recorded_one(line, tmp_path):
    run = begin(line, "--model", model_folder(tmp_path / "tiny-1"))
    again = line("resume", run.id, "--no-ray", "--model", model_folder(tmp_path / "tiny-2", b"x"))
    assert again.exit_code == 0, again.output
    manifest = Run.open(run.path).manifest
    assert (manifest.model.name, manifest.replaced[0].name) == ("tiny-2", "tiny-1")


def test_a_run_that_recorded_the_path_goes_on(line, tmp_path):
    folder = model_folder(tmp_path / "tiny-1")
    run = begin(line, "--model", folder)
    path = run.path / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["model"]["adapters"]
    manifest["model"] |= {"name": str(folder), "checksum": None}
    manifest["scenario"]["origin"] = str(tmp_path / "town.py")
    path.write_text(json.dumps(manifest))
    again = line("resume", run.id, "--no-ray")
    assert again.exit_code == 0, again.output
    assert Run.open(run.path).manifest.model.name == "tiny-1"


def test_a_path_among_the_settings_of_an_engine_is_noted_and_not_recorded(
    line, tmp_path, monkeypatch
):
    monkeypatch.setattr(vllm_backend, "vllm_arguments", lambda: {"tokenizer": "str"})
    setting = f"tokenizer={tmp_path}/tok"
    run = begin(line, "--model", model_folder(tmp_path / "tiny-1"), "--engine", setting)
    assert run.manifest.model.engine["tokenizer"]["path"] == "tok"
    assert str(tmp_path).encode() not in texts_in(run)
    models = choose_recorded_models(run, load_scenario("town.py:town").scenario, ModelOptions())
    assert models.default.settings.extra == {"tokenizer": f"{tmp_path}/tok"}
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another machine"))
    facts = run.manifest.model
    with pytest.raises(UsageError, match="give it: --engine tokenizer=PATH"):
        engine_of(facts, ())
    assert engine_of(facts, {"tokenizer"}) == {}


def test_a_scenario_is_found_where_it_was_and_its_path_is_not_recorded(line, tmp_path):
    (tmp_path / "far").mkdir()
    place = tmp_path / "far" / "town.py"
    place.write_text(
        "from pathlib import Path\n" + TOWN + "NEWS = (Path(__file__).parent / 'news').read_text()"
    )
    (tmp_path / "far" / "news").write_text("Parking becomes a bike lane.")
    words = ("--backend", "fake", "--max-calls", "4", "--quiet")
    assert line("run", f"{place}:town", *words).exit_code == 75
    run = line.newest()
    assert run.manifest.scenario.origin == "town.py"
    assert str(tmp_path).encode() not in texts_in(run)
    again = line("resume", run.id, "--backend", "fake")
    assert again.exit_code == 0, again.output
    assert "note:" not in again.output
    assert line("replay", run.id, "--trust").exit_code == 0
    rows = tables(Run.open(run.path))
    assert rows["events"]


@pytest.mark.parametrize(
    ("folder", "config", "name"),
    [
        ("my-model", {}, "my-model"),
        ("my-model", {"_name_or_path": "/home/me/base"}, "my-model"),
        ("my-model", {"_name_or_path": "acme/base"}, "my-model"),
        ("base", {"_name_or_path": "acme/base"}, "acme/base"),
        ("base", {"_name_or_path": "acme\\base"}, "base"),
        ("base", {"_name_or_path": ["acme/base"]}, "base"),
        ("models--acme--base-1/snapshots/" + "0" * 40, {}, "acme/base-1"),
    ],
)
def test_a_folder_is_named_by_what_it_holds(tmp_path, folder, config, name):
    assert served_name(model_folder(tmp_path / folder, **config)) == name


def test_a_folder_called_like_the_embedded_model_is_not_taken_for_it(tmp_path):
    folder = model_folder(tmp_path / "embedded")
    assert VllmBackend(model=str(folder)).recorded_name == "embedded (folder)"
    assert VllmBackend(model="embedded").recorded_name == "embedded"
    assert VllmBackend(model="acme/base").recorded_name == "acme/base"


def test_the_checksum_covers_what_an_engine_reads(tmp_path):
    folder = model_folder(tmp_path / "one")
    before = folder_checksum(folder)
    assert before == folder_checksum(shutil.copytree(folder, tmp_path / "two"))
    (folder / "README.md").write_text("A model card.")
    (folder / "optimizer.pt").write_bytes(b"state")
    assert folder_checksum(folder) == before
    for name in (
        "tokenizer.json",
        "chat_template.jinja",
        "generation_config.json",
        "x.safetensors",
    ):
        (folder / name).write_text("{}")
        assert folder_checksum(folder) != before
        before = folder_checksum(folder)
    with pytest.raises(InputError, match="cannot be read"):
        folder_checksum(tmp_path / "none")


@pytest.mark.parametrize("changed", ["beginning", "all of it", "end"])
def test_weights_of_one_shape_with_other_values_have_another_checksum(tmp_path, changed):
    weights = bytearray(LARGE)
    folder = model_folder(tmp_path / "one", bytes(weights))
    before = folder_checksum(folder)
    places = {"beginning": [0], "end": [LARGE - 1], "all of it": range(7, LARGE, 4096)}[changed]
    for place in places:
        weights[place] = 1
    path = folder / "model.safetensors"
    path.write_bytes(bytes(weights))
    os.utime(path, ns=(1, 1))
    assert folder_checksum(folder) != before


def test_a_path_that_an_endpoint_calls_its_model_is_recorded_as_a_name():
    endpoint = Endpoint(base_url="http://x/v1", served=("/models/tiny.gguf", "voice"))
    assert endpoint.full_name("tiny.gguf") == "/models/tiny.gguf"
    assert endpoint.full_name("voice") == "voice"
    twice = Endpoint(base_url="http://x/v1", served=("/a/tiny.gguf", "/b/tiny.gguf"))
    assert twice.full_name("tiny.gguf") == "tiny.gguf"
    assert OpenAIBackend(model="/models/tiny.gguf", endpoint=endpoint).recorded_name == "tiny.gguf"


def test_an_error_of_an_engine_names_no_folder(tmp_path):
    folder = model_folder(tmp_path / "tiny-1")
    settings = EngineSettings(model=str(folder))
    told = str(settings.not_started(OSError(f"{folder}/x is missing")))
    assert told == "the engine of tiny-1 did not start: OSError: tiny-1/x is missing"


def test_a_place_is_noted_once_and_broken_lines_are_passed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert recall("model", "abc") is None
    for place in ("one", "two", "two"):
        remember("model", "abc", tmp_path / place)
    (file,) = tmp_path.rglob("models.jsonl")
    assert len(file.read_text().splitlines()) == 2
    with file.open("a") as lines:
        lines.write('{"key": "abc", "pa')
    assert recall("model", "abc") == tmp_path / "two"


def test_a_state_folder_that_cannot_be_written_is_no_error(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    remember("model", "abc", tmp_path)
    assert recall("model", "abc") is None
    assert "cannot note where a file is; a later command may ask for its path" in caplog.text
    assert f"'path': '{tmp_path}'" in caplog.text


def test_models_are_not_looked_for_where_a_record_has_no_checksum():
    assert VllmBackend.recorded_model("acme/base", None) == "acme/base"
    assert VllmBackend.recorded_model("embedded", "0" * 32) == "embedded"
    with pytest.raises(ModelNotFoundError, match="has not noted"):
        VllmBackend.recorded_model("base", "f" * 32)
