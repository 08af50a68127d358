"""LoRA adapters trained on the replies of a run, one for each cohort (extra `train`)."""

from importlib import import_module
from typing import TYPE_CHECKING

from simnet.training.adapter_folder import trained_adapters
from simnet.training.perplexity import Perplexities, perplexity
from simnet.training.training_options import TrainingOptions

if TYPE_CHECKING:
    from simnet.training.adapter_training import Report, Training, train

__all__ = [
    "Perplexities",
    "Report",
    "Training",
    "TrainingOptions",
    "perplexity",
    "train",
    "trained_adapters",
]


def __getattr__(name: str) -> object:
    """Import on first use what reads runs: a scenario that only finds its adapters loads fast."""
    if name not in {"Report", "Training", "train"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("simnet.training.adapter_training"), name)
