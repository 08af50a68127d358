"""The table of backends by name, and the choice of one for a run."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from simnet.errors import UsageError
from simnet.inference.backend import Backend, ModelRequest
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.inference.backends.openai_backend import OpenAIBackend
from simnet.inference.backends.vllm_backend import VllmBackend
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.inference.engine.engine_options import NO_OPTIONS
from simnet.inference.settings import EngineSettings

BACKENDS: Mapping[str, type[Backend]] = MappingProxyType(
    {backend.name: backend for backend in (VllmBackend, OpenAIBackend, FakeBackend)}
)


def choose(
    backend: str | None = None,
    model: str | None = None,
    settings: EngineSettings | None = None,
    endpoint: Endpoint | None = None,
    replicas: int = 1,
    engine: Mapping[str, Any] = NO_OPTIONS,
    *,
    elsewhere: bool = False,
) -> Backend:
    """Choose a backend and a model from what was asked for; the default backend is vLLM.

    `engine` are settings of the engine or the endpoint by name, which are applied to `settings`
    or `endpoint`. With `elsewhere` engines run on other nodes, so nothing has to be installed here
    for them. Raises UsageError for an unknown backend, and what `Backend.choose` raises. The
    fake model is never a default: made-up replies have to be asked for.
    """
    if backend is not None and backend not in BACKENDS:
        names = ", ".join(BACKENDS)
        raise UsageError(f"there is no backend {backend!r}; choose one of: {names}")
    request = ModelRequest(
        model=model,
        settings=settings,
        endpoint=endpoint,
        replicas=replicas,
        engine=dict(engine),  # a backend is pickled, which a mappingproxy cannot be
        elsewhere=elsewhere,
    )
    return BACKENDS[backend or VllmBackend.name].choose(request)
