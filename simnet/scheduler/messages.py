"""What goes to and fro between a kernel, its scheduler, minds and whoever watches."""

from collections.abc import Sequence
from typing import NamedTuple

from simnet.clock import Seconds
from simnet.inference.statistics import Statistics, merged
from simnet.kernel.ledger import Ledger
from simnet.world.decision import Decision


class Usage(NamedTuple):
    """What some model calls cost."""

    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    shared: int = 0
    """Calls besides that the completion of another's answered."""
    asks: int = 0
    """Lists in which prompts were sent to the model."""

    def plus(self, other: "Usage") -> "Usage":
        """Add up two costs."""
        return Usage(*(one + more for one, more in zip(self, other, strict=True)))

    def less(self, shared: "Usage") -> "Usage":
        """Take off what calls would have cost that the completion of another's answered."""
        left = Usage(*(one - less for one, less in zip(self, shared, strict=True)))
        return left._replace(shared=shared.calls)


class Answer(NamedTuple):
    """What a host sends back for some of the views it was sent."""

    decisions: list[Decision]
    calls: bytes
    """Rows of the `calls` table, encoded; empty if there were none."""
    usage: Usage


class Posted(NamedTuple):
    """A post as it lands, for whoever watches."""

    at: Seconds
    who: str
    cohort: str
    text: str
    to: str | None
    marks: tuple[str, ...]


class EngineState(NamedTuple):
    """What one of several engines does."""

    engine: str
    """As cohorts call its model and, if that has replicas, its number: `default`, `big.1`."""
    model: str
    statistics: Statistics | None
    """None if it does not say."""
    restarts: int
    """How often it had to be started again."""


class Progress(NamedTuple):
    """How far a run is."""

    now: Seconds
    ledger: Ledger
    usage: Usage
    elapsed: float
    """Wall seconds since the first turn."""
    posted: tuple[Posted, ...]
    """What was said since the last report; the newest, if it was much."""
    first_reply: float | None
    """Wall seconds until the first decision came back."""
    sends: int = 0
    """Lists in which views were sent to minds."""
    writes: int = 0
    """Lists in which rows were sent to the record."""
    incidents: tuple[str, ...] = ()
    """Why the model had to be restarted, each time."""
    statistics: Statistics | None = None
    """What the model was doing lately, if it says; of several engines, all together."""
    paused: str | None = None
    """Why nothing goes on just now: the disk is full or fails."""
    engines: tuple[EngineState, ...] = ()
    """What each was doing lately, if there are several."""


def with_engines(progress: Progress, states: Sequence[EngineState]) -> Progress:
    """Add what the engines say: all together, and each for itself if there are several."""
    known = [state.statistics for state in states if state.statistics is not None]
    return progress._replace(
        statistics=merged(known) if known else None,
        engines=tuple(states) if len(states) > 1 else (),
    )


class Finish(NamedTuple):
    """How a run ended."""

    stopped: bool
    """Whether it was asked to stop before its end."""
    progress: Progress
    digest: str
    """Hash of the world's last state."""
