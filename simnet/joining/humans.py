"""Which handles of a run people may take, and how long each turn waits for them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from simnet.errors import UsageError

DEADLINE = 120.0
"""Wall seconds that a turn waits for a person, unless the run says otherwise."""
LONGEST_DEADLINE = 7 * 86_400.0


@dataclass(frozen=True)
class Humans:
    """The handles that people may take. Raises UsageError for a wrong deadline."""

    handles: tuple[str, ...]
    deadline: float = DEADLINE
    """Wall seconds after which the persona answers."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.deadline) and 0 < self.deadline <= LONGEST_DEADLINE):
            raise UsageError(
                f"--human-deadline (human_deadline) is {self.deadline:g}; give seconds, more than "
                f"0 and at most {LONGEST_DEADLINE:g}"
            )


def handles_in(humans: Humans | None) -> frozenset[str]:
    """Return the handles that people may take; none without `humans`."""
    return frozenset(() if humans is None else humans.handles)


def read_handles(texts: Iterable[str]) -> Sequence[str]:
    """Split lists of handles at commas; an `@` before a handle is left out, repeats too."""
    words = (word.strip().removeprefix("@") for text in texts for word in text.split(","))
    return tuple(dict.fromkeys(filter(None, words)))
