"""The fake model as a backend: replies are a function of the prompt."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

from simnet.inference.backend import Backend, ModelRequest, refuse_adapters, refuse_endpoint
from simnet.inference.engine.engine_options import refuse_options
from simnet.inference.fakes.fake import FakeModel, plausible
from simnet.inference.model import Model, Prompt


@dataclass(frozen=True, kw_only=True)
class FakeBackend(Backend):
    """Makes replies up, without any model."""

    name: ClassVar[str] = "fake"

    model: str = "fake"
    reply: Callable[[Prompt], str] = plausible
    """Makes the reply to a prompt."""
    delay: Callable[[Prompt], float] | None = None
    """Wall seconds until the reply to a prompt; None replies at once."""

    @classmethod
    def choose(cls, request: ModelRequest) -> Self:
        """Take any name for the model. Raises UsageError for an endpoint or adapter folders."""
        refuse_adapters(cls.name, request.settings)
        refuse_endpoint(request.endpoint)
        refuse_options(cls.name, request.engine)
        why = "asked for: replies are made up from the prompt, no model is used"
        return cls(model=request.model or cls.model, why=why, replicas=request.replicas)

    def build(self) -> Model:
        """Build the fake model."""
        return FakeModel(self.reply, delay=self.delay, name=self.model)
