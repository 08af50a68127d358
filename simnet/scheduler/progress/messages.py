"""Messages between a scheduler, the hosts that run agents, and whoever shows progress."""

from collections.abc import Sequence
from typing import NamedTuple

from simnet.agents.prefetch.early_turns import EarlyDecision
from simnet.clock import Seconds
from simnet.inference.calls.statistics import Statistics, cached_share, known_sum, merged
from simnet.kernel.ledger import Ledger
from simnet.kernel.text_health import HealthProgress
from simnet.scheduler.failures.failure_limit import CallFailure, FailureCount
from simnet.scheduler.progress.load import Load
from simnet.world.decision import Decision
from simnet.world.events import DONE, Event


class Usage(NamedTuple):
    """The cost of some model calls."""

    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Prompt tokens that were in the model's cache, of the calls of which that is known."""
    output_tokens: int = 0
    shared: int = 0
    """Additional calls answered by a deduplicated completion; the model was not called for them."""
    asks: int = 0
    """Batches in which prompts were sent to the model."""
    uncounted_tokens: int = 0
    """Prompt tokens of calls of which it is unknown how many were in the model's cache."""
    unknown_in: int = 0
    """Calls whose prompt tokens are unknown, so that `prompt_tokens` is a lower bound."""
    unknown_out: int = 0
    """Calls whose output tokens are unknown, so that `output_tokens` is a lower bound."""
    early: int = 0
    """Calls that were made before their turn had begun; `early_hits` of them are in `calls` too."""
    early_prompt_tokens: int = 0
    """Prompt tokens of early calls, as far as they are known."""
    early_output_tokens: int = 0
    early_unknown: int = 0
    """Early calls that served no turn, or have not yet, and whose tokens are unknown: they are
    under way or were aborted, or the model does not tell."""
    early_hits: int = 0
    """Early calls whose completion served a turn."""
    early_hit_prompt_tokens: int = 0
    early_hit_output_tokens: int = 0

    @property
    def wasted(self) -> int:
        """Early calls that served no turn, or have not yet."""
        return self.early - self.early_hits

    @property
    def wasted_tokens(self) -> int:
        """Prompt and output tokens of these, as far as they are known."""
        made = self.early_prompt_tokens + self.early_output_tokens
        return made - self.early_hit_prompt_tokens - self.early_hit_output_tokens

    @property
    def wasted_share(self) -> float:
        """Share of all calls that served no turn, 0 to 1."""
        return self.wasted / max(1, self.calls + self.wasted)

    @property
    def cached(self) -> float | None:
        """Share of the prompt tokens that were in the model's cache, 0 to 1; None if unknown."""
        if known_sum(self.prompt_tokens, self.unknown_in, self.calls) is None:
            return None
        return cached_share(self.cached_tokens, self.prompt_tokens, self.uncounted_tokens)

    def figures(self) -> dict[str, int | None]:
        """Return the fields by name; a sum of tokens is None if no call told it."""
        fields: dict[str, int | None] = self._asdict()
        sums = {
            "prompt_tokens": known_sum(self.prompt_tokens, self.unknown_in, self.calls),
            "output_tokens": known_sum(self.output_tokens, self.unknown_out, self.calls),
        }
        if self.calls and self.cached is None:
            sums["cached_tokens"] = None
        return fields | sums

    def plus(self, other: "Usage") -> "Usage":
        """Return the sum of two costs."""
        return Usage(*(one + more for one, more in zip(self, other, strict=True)))

    def less(self, shared: "Usage") -> "Usage":
        """Subtract the cost of deduplicated calls."""
        left = Usage(*(one - less for one, less in zip(self, shared, strict=True)))
        return left._replace(shared=shared.calls)


class EarlyAnswer(NamedTuple):
    """What a host returns for some of the turns that it plays early."""

    decisions: list[EarlyDecision]
    usage: Usage


class Answer(NamedTuple):
    """What a host returns for some of the views it was sent."""

    decisions: list[Decision]
    calls: bytes
    """Rows of the `calls` table, encoded; empty if there were none."""
    usage: Usage
    recalled: int = 0
    """How many recorded replies the turns of the host used since its last answer."""
    failures: tuple[CallFailure, ...] = ()
    """Why some of these calls failed."""


class Posted(NamedTuple):
    """A post that landed, for display."""

    at: Seconds
    who: str
    cohort: str
    text: str
    to: str | None
    marks: tuple[str, ...]


def posts_in(events: Sequence[Event]) -> list[Posted]:
    """List the posts that some events made."""
    return [
        Posted(event.time, event.who, event.cohort, event.text or "", event.whom, event.marks)
        for event in events
        if event.made is not None and event.outcome == DONE
    ]


class EngineState(NamedTuple):
    """What one of several engines did lately."""

    engine: str
    """As cohorts call its model and, if that has replicas, its number: `default`, `big.1`."""
    model: str
    statistics: Statistics | None
    """None if the model has none."""
    restarts: int
    """How often it was restarted."""


class Progress(NamedTuple):
    """How far a run is."""

    now: Seconds
    """Simulated time."""
    ledger: Ledger
    """Turns so far, by outcome."""
    usage: Usage
    """Calls and tokens so far."""
    elapsed: float
    """Wall seconds since the first turn."""
    posted: tuple[Posted, ...]
    """The newest posts since the last report."""
    first_reply: float | None
    """Wall seconds until the first decision came back."""
    sends: int = 0
    """Batches in which views were sent to hosts."""
    writes: int = 0
    """Batches in which rows were sent to the record."""
    incidents: tuple[str, ...] = ()
    """The cause of each restart of the model."""
    statistics: Statistics | None = None
    """What the model did lately, summed over engines; None if the model has no statistics."""
    paused: str | None = None
    """Why the run is paused: the disk is full or fails. None while it runs."""
    engines: tuple[EngineState, ...] = ()
    """What each engine did lately, if there are several."""
    failures: tuple[FailureCount, ...] = ()
    """Why model calls failed since this start of the run, the most frequent causes first."""
    health: HealthProgress = HealthProgress()
    """How the texts are."""
    load: Load = Load()
    """What held the run back."""
    prefetch_problem: str | None = None
    """The first error of early turns, which change no result, or why there are no more."""
    mirror: str | None = None
    """How far the copy of the record in an object store is; None if none is kept."""
    views_waiting: int = 0
    """Views that were sent to hosts and have no decision yet."""
    record_lag: float = 0.0
    """Wall seconds for which the oldest rows that were sent to the record wait to be on disk."""
    stopping: bool = False
    """Whether no more turns are started and those under way are waited for."""


def with_engines(progress: Progress, states: Sequence[EngineState]) -> Progress:
    """Add the statistics of the engines: merged, and one by one if there are several."""
    statistics = [state.statistics for state in states if state.statistics is not None]
    return progress._replace(
        statistics=merged(statistics) if statistics else None,
        engines=tuple(states) if len(states) > 1 else (),
    )


class Finish(NamedTuple):
    """How a run ended."""

    stopped: bool
    """Whether it was stopped before its end."""
    progress: Progress
    digest: str
    """Hash of the final state of the world."""
