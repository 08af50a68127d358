"""What a user says about early calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from simnet.errors import UsageError

Mode: TypeAlias = Literal["off", "view", "ahead"]
"""`off`: no call is made early. `view`: on what the feeds would show now. `ahead`: replies that
have come, early ones included, are applied in a copy of the world that runs ahead."""
MODES: tuple[str, ...] = get_args(Mode)
ASSUMED_SLOTS = 64
"""How many calls a model is taken to work on at once if it does not say."""


@dataclass(frozen=True)
class Prefetch:
    """Whether calls are made early, and how many the models work on at once."""

    mode: Mode = "off"
    slots: Mapping[str | None, int | None] = field(default_factory=dict)
    """By the names that cohorts give the models; None where a model does not say."""

    @property
    def on(self) -> bool:
        """Whether any call may be made early."""
        return self.mode != "off"

    def slots_of(self, model: str | None) -> int:
        """Return how many calls a model works on at once."""
        return self.slots.get(model) or ASSUMED_SLOTS


NO_PREFETCH = Prefetch()


def read_mode(value: str | None) -> Mode:
    """Read a mode; None is `off`. Raises UsageError."""
    match value:
        case None:
            return "off"
        case "off" | "view" | "ahead":
            return value
    raise UsageError(f"prefetch={value!r}; choose one of {', '.join(map(repr, MODES))}")
