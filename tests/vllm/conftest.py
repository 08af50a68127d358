"""One engine for all tests that need vLLM, on one event loop that outlives them."""

import asyncio
import json
import warnings

import pytest

from simnet.errors import ModelNotFoundError
from simnet.inference.embedded import embedded_folder, prepare

ADAPTERS = ("cheerful", "gloomy")


class Engine:
    """The model under test, driven from plain test functions."""

    def __init__(self, settings):
        from simnet.inference.vllm import VllmModel

        async def start():
            return VllmModel(settings)

        self.runner = asyncio.Runner()
        self.model = self.runner.run(start())
        self._context = self.model._engine.engine_core.resources.ctx

    def complete(self, prompts):
        async def collect():
            return [part async for part in self.model.generate(prompts)]

        pairs = [pair for part in self.runner.run(collect()) for pair in part]
        assert sorted(at for at, _ in pairs) == list(range(len(prompts)))
        return [completion for _, completion in sorted(pairs)]

    def close(self):
        self.runner.run(self.model.close())

    def end(self):
        self.close()
        self.runner.run(asyncio.sleep(0))
        self._context.term()  # vLLM leaves it open, which Python warns of
        self.runner.close()


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what vLLM and torch deprecate among themselves
        running = _start(tmp_path_factory)
    yield running
    running.end()


def _start(tmp_path_factory):
    pytest.importorskip("vllm")
    from simnet.inference.settings import EngineSettings

    try:
        folder = prepare(print)
    except ModelNotFoundError as fault:
        pytest.skip(str(fault))
    adapters = _adapters(tmp_path_factory)
    settings = EngineSettings(
        model=str(folder),
        max_model_len=512,
        max_num_seqs=16,
        adapters=adapters,
    )
    return Engine(settings)


@pytest.fixture(scope="session")
def adapter_folders(tmp_path_factory):
    return _adapters(tmp_path_factory)


def _adapters(tmp_path_factory):
    return {
        name: str(_adapter(tmp_path_factory.mktemp(name), number))
        for number, name in enumerate(ADAPTERS)
    }


def _adapter(folder, seed):
    """Write a small LoRA adapter with weights of its own for the embedded model."""
    import torch
    from safetensors.torch import save_file

    config = json.loads((embedded_folder() / "config.json").read_text())
    wide = config["hidden_size"]
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for layer in range(config["num_hidden_layers"]):
        name = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
        weights[f"{name}.lora_A.weight"] = torch.randn(4, wide, generator=generator) / 20
        weights[f"{name}.lora_B.weight"] = torch.randn(wide, 4, generator=generator)
    save_file(weights, folder / "adapter_model.safetensors")
    about = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(about))
    return folder
