"""Models: what a prompt is, what a completion is, and models for tests."""

from simnet.inference.backend import Backend, ModelRequest
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.inference.backends.openai_backend import OpenAIBackend
from simnet.inference.backends.vllm_backend import VllmBackend
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.inference.engine_shape import EngineShape
from simnet.inference.fakes.fake import FakeModel
from simnet.inference.fakes.replay_model import ReplayModel
from simnet.inference.model import Completion, Model, Prompt
from simnet.inference.settings import EngineSettings

__all__ = [
    "Backend",
    "Completion",
    "Endpoint",
    "EngineSettings",
    "EngineShape",
    "FakeBackend",
    "FakeModel",
    "Model",
    "ModelRequest",
    "OpenAIBackend",
    "Prompt",
    "ReplayModel",
    "VllmBackend",
]
