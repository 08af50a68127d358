"""Models: what a prompt is, what a completion is, and models for tests."""

from simnet.inference.fake import FakeModel
from simnet.inference.model import Completion, Model, Prompt
from simnet.inference.replay_model import ReplayModel

__all__ = [
    "Completion",
    "FakeModel",
    "Model",
    "Prompt",
    "ReplayModel",
]
