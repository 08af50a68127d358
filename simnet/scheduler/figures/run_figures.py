"""The figures of a run while it goes on, for those who watch it from outside."""

from collections.abc import Iterator
from typing import NamedTuple

from simnet.agents import reply_flags
from simnet.scheduler.progress.messages import Progress


class Figure(NamedTuple):
    """A kind of figure."""

    name: str
    unit: str
    description: str


FIGURES = (
    Figure("turns_done", "turns", "turns that were done"),
    Figure("turns_refused", "turns", "turns whose first action the world did not allow"),
    Figure("turns_failed", "turns", "turns without a usable reply, or whose code failed"),
    Figure("views_waiting", "views", "views that were sent to agents and wait for a decision"),
    Figure("calls", "calls", "model calls that were answered"),
    Figure("prompt_tokens", "tokens", "tokens of prompts, as far as they are known"),
    Figure("output_tokens", "tokens", "tokens of replies, as far as they are known"),
    Figure("cache_hit_share", "share", "share of prompt tokens that were in a prefix cache"),
    Figure("model_refusals", "turns", "turns in which the model refused to play its persona"),
    Figure("record_lag", "seconds", "age of the oldest rows that are not on disk yet"),
    Figure("stalled", "seconds", "wall seconds in which simulated time waited for replies"),
    Figure("simulated_time", "seconds", "simulated time since the start"),
)
"""All figures of a run, in the order of `figures_of`."""


def figures_of(progress: Progress) -> Iterator[tuple[str, float]]:
    """Yield name and value of each figure; those that are unknown are left out."""
    ledger, usage = progress.ledger, progress.usage
    yield "turns_done", float(ledger.done)
    yield "turns_refused", float(ledger.refused.total())
    yield "turns_failed", float(ledger.failed.total())
    yield "views_waiting", float(progress.views_waiting)
    yield "calls", float(usage.calls)
    yield "prompt_tokens", float(usage.prompt_tokens)
    yield "output_tokens", float(usage.output_tokens)
    if (cached := usage.cached) is not None:
        yield "cache_hit_share", cached
    yield "model_refusals", float(ledger.marks[reply_flags.REFUSAL])
    yield "record_lag", progress.record_lag
    yield "stalled", progress.load.stalled
    yield "simulated_time", float(progress.now)
