"""LoRA adapters trained on the replies of a run, one for each cohort (extra `train`)."""

from simnet.training.adapter_folder import trained_adapters
from simnet.training.adapter_training import Report, Training, train
from simnet.training.perplexity import Perplexities, perplexity
from simnet.training.training_options import TrainingOptions

__all__ = [
    "Perplexities",
    "Report",
    "Training",
    "TrainingOptions",
    "perplexity",
    "train",
    "trained_adapters",
]
