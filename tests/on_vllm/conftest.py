"""One engine for all tests that need vLLM, on one event loop that outlives them."""

import asyncio
import warnings

import pytest

from simnet.errors import ModelNotFoundError
from simnet.inference.engine.embedded import prepare
from simnet.leftovers import SHARED_MEMORY, _mapped

ADAPTERS = ("cheerful", "gloomy")


class Engine:
    """The model under test, driven from plain test functions."""

    def __init__(self, settings):
        from simnet.inference.engine.vllm import VllmModel

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

    def holds(self):
        """The folder of the engine and the files of its shared memory."""
        processes = self.model._processes
        shared = [SHARED_MEMORY / name for name, _ in _mapped(processes._processes)]
        assert shared
        return [processes._folder.path, *shared]

    def close(self):
        self.runner.run(self.model.close())

    def end(self):
        self.close()
        self.runner.run(asyncio.sleep(0))
        self._context.term()  # vLLM leaves it open, which Python warns of
        self.runner.close()


@pytest.fixture(scope="session")
def folder():
    """The embedded model's."""
    pytest.importorskip("vllm")
    try:
        return prepare(print)
    except ModelNotFoundError as fault:
        pytest.skip(str(fault))


@pytest.fixture(scope="session")
def engine(folder, adapter_folders):
    from simnet.inference.settings import EngineSettings

    settings = EngineSettings(
        model=str(folder),
        max_model_len=512,
        max_num_seqs=16,
        adapters=adapter_folders,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what vLLM and torch deprecate among themselves
        running = Engine(settings)
    yield running
    running.end()


@pytest.fixture(scope="session")
def adapter_folders(folder, tmp_path_factory):
    """Small LoRA adapters of the embedded model, each with random weights of its own."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    folders = {}
    for seed, name in enumerate(ADAPTERS):
        torch.manual_seed(seed)
        config = LoraConfig(r=4, lora_alpha=64, target_modules=["q_proj"], init_lora_weights=False)
        adapted = get_peft_model(AutoModelForCausalLM.from_pretrained(folder), config)
        folders[name] = str(tmp_path_factory.mktemp(name))
        adapted.save_pretrained(folders[name])
    return folders
