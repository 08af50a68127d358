"""The fake model as a backend: replies are a function of the prompt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from simnet.inference.backend import Backend, ModelRequest, refuse_adapters, refuse_endpoint
from simnet.inference.engine.engine_options import refuse_options, with_options
from simnet.inference.engine_shape import EngineShape
from simnet.inference.fakes.fake import FakeModel, plausible
from simnet.inference.model import Model, Prompt
from simnet.inference.settings import EngineSettings

_PLACING = {
    "tensor_parallel_size": "int",
    "pipeline_parallel_size": "int",
    "gpu_share": "float",
    "device": "str",
}
"""Settings of engines that say how many GPUs they take, with their types."""


def _shape(engine: Mapping[str, Any]) -> EngineShape | None:
    """Return the GPUs that settings of an engine ask for; None if they name none."""
    settings = with_options(EngineSettings(model="fake"), engine, _PLACING)
    settings.check()
    named = any(name in engine for name in _PLACING if name != "device")
    return settings.shape if settings.device != "cpu" and (named or "device" in engine) else None


@dataclass(frozen=True, kw_only=True)
class FakeBackend(Backend):
    """Makes replies up, without any model."""

    name: ClassVar[str] = "fake"

    model: str = "fake"
    """Name of the model in the record."""
    reply: Callable[[Prompt], str] = plausible
    """Makes the reply to a prompt."""
    delay: Callable[[Prompt], float] | None = None
    """Wall seconds until the reply to a prompt; None replies at once."""
    stands_for: EngineShape | None = None
    """The GPUs that its engines take from a cluster, in place of those of a real model."""

    @classmethod
    def choose(cls, request: ModelRequest) -> Self:
        """Take any name for the model. Raises UsageError for an endpoint or adapter folders.

        Of the settings of an engine it takes those that say how many GPUs it is placed on: so a
        placement can be tried out without a model.
        """
        refuse_adapters(cls.name, request.settings)
        refuse_endpoint(request.endpoint)
        own = {name: value for name, value in request.engine.items() if name not in _PLACING}
        refuse_options(cls.name, own)
        why = "asked for: replies are made up from the prompt, no model is used"
        return cls(
            model=request.model or cls.model,
            why=why,
            replicas=request.replicas,
            engine=request.engine,
            stands_for=_shape(request.engine),
        )

    @property
    def shape(self) -> EngineShape | None:
        """The GPUs that it was told to take."""
        return self.stands_for

    def build(self) -> Model:
        """Build the fake model."""
        return FakeModel(self.reply, delay=self.delay, name=self.model)
