"""One Ray cluster and one engine for all tests of a process that need them.

A cluster takes six seconds of CPU time to start, an engine twenty-five.
"""

import asyncio
import gc
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from simnet.errors import ModelNotFoundError
from simnet.foundation.leftovers import SHARED_MEMORY, _mapped, remove
from simnet.inference.engine.embedded import prepare

ADAPTERS = ("cheerful", "gloomy")
TRAINED = "troll"
"""The cohort that `trained_folder` has an adapter of."""


class Engine:
    """The model under test on an event loop that outlives tests, driven from plain functions."""

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
def cluster() -> Iterator[None]:
    """A small Ray cluster on this machine."""
    pytest.importorskip("ray")
    import ray

    os.environ.setdefault("RAY_worker_niceness", "0")
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as short:  # paths of sockets are
        _start_ray(short)
        session = Path(short) / ray.get_runtime_context().get_session_name()
        yield
        ray.shutdown()
        remove(session)  # with the processes that still write to it


def _start_ray(folder: str) -> None:
    """Start Ray, which gives up after 30 s, until it is there."""
    import ray

    from simnet.runtime.ray.session.local_ray import _RETRIED

    options = {"num_cpus": 2, "include_dashboard": False, "log_to_driver": False}
    while not ray.is_initialized():
        try:
            ray.init("local", logging_level="ERROR", _temp_dir=folder, **options)
        except Exception as error:
            if _RETRIED not in str(error):
                raise
            ray.shutdown()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # processes of the start that failed
                gc.collect()


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


@pytest.fixture(scope="session")
def trained_folder(folder, tmp_path_factory):
    """An adapter of the embedded model that a training made of replies that are all the same."""
    pytest.importorskip("trl")
    from test_training import made_run

    from simnet.training import TrainingOptions, train, trained_adapters

    place = tmp_path_factory.mktemp("training")
    options = TrainingOptions(
        model=str(folder),
        cohorts=(TRAINED,),
        hold_out="thread",
        validation=0.1,
        steps=6,
        batch=2,
        learning_rate=3e-3,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch and TRL warn of their own
        train(made_run(place), place / "trained", options)
    return str(trained_adapters(place / "trained")[TRAINED])
