"""What a job has done so far, in numbers."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Counts:
    """Calls, replies and results of a job; the calls are those of this start."""

    asked: int = 0
    """Prompts that the model answered."""
    kept: int = 0
    """Replies that were in the work folder from an earlier start, or were asked for before."""
    failed: int = 0
    """Calls without a reply; the next start asks again."""
    failure: str | None = None
    """Why the last of them failed."""
    unusable: Counter[str] = field(default_factory=Counter)
    """Replies that could not be used, by kind, such as `refused`; each try counts."""
    given_up: int = 0
    """Results that no try brought."""
    repeats: Counter[str] = field(default_factory=Counter)
    """Results that were left out as repeats: `exact` and `near`."""
    prompt_tokens: int = 0
    """Tokens of the prompts."""
    cached_tokens: int = 0
    """Of these, tokens that were in the model's prefix cache."""
    output_tokens: int = 0
    """Tokens of the replies."""

    @property
    def tries(self) -> int:
        """Replies that were looked at."""
        return self.asked + self.kept

    def to_json(self) -> dict[str, Any]:
        """Return them as plain values."""
        return {
            "asked": self.asked,
            "kept": self.kept,
            "failed": self.failed,
            "failure": self.failure,
            "unusable": dict(sorted(self.unusable.items())),
            "given_up": self.given_up,
            "repeats": dict(sorted(self.repeats.items())),
            "prompt_tokens": self.prompt_tokens,
            "cached_tokens": self.cached_tokens,
            "output_tokens": self.output_tokens,
        }
