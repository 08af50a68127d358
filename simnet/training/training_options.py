"""What a user may choose about the training of adapters, and whether it can be done here."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any, Literal

from simnet.errors import UsageError
from simnet.foundation.distribution import install_command

_NEEDED = ("torch", "transformers", "datasets", "trl", "peft", "accelerate")
_RANKS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Ranks that vLLM serves."""


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """The options of a training. Raises UsageError, naming the option, for a wrong value."""

    model: str | None = None
    """Base model: folder, hub name or `embedded`. None is the model that gave the replies."""
    cohorts: Sequence[str] = ()
    """Cohorts to train; all that replied if it is empty."""
    at_limit: Literal["leave-out", "cut", "keep"] = "leave-out"
    """What becomes of replies that ran into the limit of characters or tokens."""
    validation: float = 0.2
    """Share of the rows that is held out for the perplexities."""
    hold_out: Literal["persona", "thread"] = "persona"
    """What is on one side only: all replies of a persona, or all replies to one post."""
    steps: int | None = None
    """Steps of the optimiser; None goes by `epochs`."""
    epochs: float = 3.0
    """How often each row is seen."""
    batch: int = 4
    """Rows of a step."""
    rank: int = 8
    """Rank of the adapter's matrices. The scale alpha is twice the rank."""
    learning_rate: float = 1e-3
    """Of the optimiser; above 0 and below 1."""
    max_length: int = 1024
    """Tokens of a prompt with its reply; longer rows are left out."""
    seed: int = 0
    """Decides the split, the first weights and the order of rows."""

    def __post_init__(self) -> None:
        _check(self.steps is None or self.steps >= 1, "steps", self.steps, "1 or more")
        _check(0 < self.epochs < math.inf, "epochs", self.epochs, "a number above 0")
        _check(self.batch >= 1, "batch", self.batch, "1 or more rows")
        _check(self.rank in _RANKS, "rank", self.rank, f"one of {', '.join(map(str, _RANKS))}")
        _check(
            0 < self.learning_rate < 1, "learning-rate", self.learning_rate, "above 0 and below 1"
        )
        _check(self.max_length >= 8, "max-length", self.max_length, "8 or more tokens")
        _check(0 < self.validation < 1, "validation", self.validation, "a share between 0 and 1")
        _check(0 <= self.seed < 2**31, "seed", self.seed, "0 to 2147483647")

    def recipe(self) -> dict[str, Any]:
        """Return what decides the weights of an adapter, besides its rows and base model."""
        left_out = {"model", "cohorts"}
        return {name: value for name, value in asdict(self).items() if name not in left_out}


def check_extra() -> None:
    """Raise UsageError, with the command that installs it, if a library is missing."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"adapters are trained with {', '.join(_NEEDED)}; not installed: "
            f"{', '.join(missing)}; install them, in a clone of simnet: {install_command('train')}"
        )


def _check(holds: bool, name: str, value: object, wanted: str) -> None:
    if not holds:
        raise UsageError(f"--{name} {value}: give {wanted}")
