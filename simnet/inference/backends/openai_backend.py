"""An OpenAI-compatible endpoint as a backend."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from simnet.errors import UsageError
from simnet.inference.backend import Backend, ModelRequest, refuse_adapters
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.inference.engine.engine_options import with_options
from simnet.inference.model import Model


@dataclass(frozen=True, kw_only=True)
class OpenAIBackend(Backend):
    """A model behind an endpoint. Raises UsageError for more than 1 replica."""

    name: ClassVar[str] = "openai"

    endpoint: Endpoint
    """The address of the model and how it is used."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.replicas > 1:
            raise UsageError(
                f"replicas are for models that run here; how many serve {self.model} is up to "
                "its endpoint"
            )

    @classmethod
    def choose(cls, request: ModelRequest) -> Self:
        """Use the given endpoint. Raises UsageError if it or the model's name is missing.

        The settings of `request.engine` are fields of the endpoint.
        """
        refuse_adapters(cls.name, request.settings, "; cohorts name what the endpoint serves")
        if request.endpoint is None:
            raise UsageError("--base-url and --backend openai go together; give both or neither")
        if request.model is None:
            raise UsageError("an endpoint has no default model; name one with --model")
        endpoint = with_options(request.endpoint, request.engine)
        endpoint.check()
        return cls(
            model=request.model,
            why=f"asked for: {request.endpoint.shown_url} serves it",
            endpoint=endpoint,
            replicas=request.replicas,
            engine=request.engine,
        )

    def ready(self, progress: Callable[[str], None]) -> Self:
        """Ask the endpoint what it serves; see `Endpoint.ready`."""
        progress(f"asking {self.endpoint.shown_url} for {self.model}")
        endpoint = self.endpoint.ready(self.model)
        return replace(self, model=endpoint.full_name(self.model), endpoint=endpoint)

    @property
    def slots(self) -> int | None:
        """How many requests the endpoint is sent at once."""
        return self.endpoint.in_flight

    def build(self) -> Model:
        """Build the client. Raises UsageError where its library is not installed."""
        from simnet.inference.endpoints.openai import OpenAIModel  # noqa: PLC0415  (heavy)

        return OpenAIModel(self.model, self.endpoint)

    def adapters(self) -> frozenset[str] | None:
        """Name what the endpoint lists besides the model; None if it keeps no list."""
        served = self.endpoint.served
        return frozenset(served) - {self.model} if served else None
