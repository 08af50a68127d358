"""Counts of requests, tokens and times of a model, for the display, the record and Prometheus."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, zip_longest
from typing import Any, NamedTuple, Protocol, runtime_checkable

from simnet.inference.calls.retry_waits import Wait

BOUNDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Upper bounds, in seconds, of the buckets of a histogram; one more bucket has the rest."""


class Statistics(NamedTuple):
    """Counts of a model, since it was started."""

    in_flight: int = 0
    """Requests that the model works on."""
    waiting: int = 0
    """Requests that wait for admission."""
    prompt_tokens: int = 0
    """Of finished requests, as `cached_tokens` are."""
    cached_tokens: int = 0
    """Those that were in the prefix cache, of requests of which that is known."""
    generated_tokens: int = 0
    """With vLLM, unfinished requests included: the count stops when the engine hangs."""
    preemptions: int = 0
    kv_use: float = 0.0
    """Share of the key-value cache in use, 0 to 1."""
    throttled: int = 0
    """How often the model refused a request because it had too many."""
    queued: tuple[int, ...] = ()
    """Histogram over `BOUNDS` of the seconds that requests waited for admission."""
    generated: tuple[int, ...] = ()
    """The same of the seconds from admission to the last token."""
    uncounted_tokens: int = 0
    """Prompt tokens of requests of which it is unknown how many were in the cache."""
    replies: int = 0
    """Finished requests of a model that may not tell tokens; 0 for one that always does."""
    unknown_in: int = 0
    """Those whose prompt tokens are unknown, so that `prompt_tokens` is a lower bound."""
    unknown_out: int = 0
    """Those whose output tokens are unknown, so that `generated_tokens` is a lower bound."""
    left_out: tuple[str, ...] = ()
    """Parameters that the endpoint refused, so that they are not sent."""
    waits: tuple[Wait, ...] = ()
    """Why prompts wait until they are sent again."""

    @property
    def hit_rate(self) -> float | None:
        """Share of the prompt tokens that were in the prefix cache, 0 to 1; None if unknown."""
        if known_sum(self.prompt_tokens, self.unknown_in, self.replies) is None:
            return None
        return cached_share(self.cached_tokens, self.prompt_tokens, self.uncounted_tokens)

    def figures(self) -> Iterator[tuple[str, float, str]]:
        """Yield (name, value, unit) of each measure that is recorded and exported."""
        for name in ("in_flight", "waiting", "preemptions", "throttled"):
            yield name, float(getattr(self, name)), "requests"
        for name, unknown in (
            ("prompt_tokens", self.unknown_in),
            ("generated_tokens", self.unknown_out),
        ):
            known = known_sum(getattr(self, name), unknown, self.replies)
            if known is not None:
                yield name, float(known), "tokens"
        if (rate := self.hit_rate) is not None:
            yield "cached_tokens", float(self.cached_tokens), "tokens"
            yield "prefix_cache_hit_rate", rate, "share"
        yield "kv_use", self.kv_use, "share"
        for name, counts in (("queue", self.queued), ("generation", self.generated)):
            yield f"{name}_seconds.p50", quantile(counts, 0.5), "seconds"
            yield f"{name}_seconds.p95", quantile(counts, 0.95), "seconds"


def known_sum(known: int, unknown: int, calls: int) -> int | None:
    """Return the sum over the calls of which something is known; None if `unknown` is all."""
    return None if unknown and unknown >= calls else known


def cached_share(cached: int, prompted: int, uncounted: int = 0) -> float | None:
    """Return the share of prompt tokens that were in a cache, 0 to 1.

    `uncounted` of the `prompted` tokens are of calls of which that is unknown. None if all are.
    """
    counted = prompted - uncounted
    return None if uncounted and counted <= 0 else cached / max(1, counted)


def merged(engines: Sequence[Statistics]) -> Statistics:
    """Add up the counts of one engine or more; `kv_use` is their mean."""
    columns = dict(zip(Statistics._fields, zip(*engines, strict=True), strict=True))
    kv_use = sum(columns.pop("kv_use")) / len(engines)
    queued, generated = (_added(columns.pop(name)) for name in ("queued", "generated"))
    left_out = tuple(dict.fromkeys(chain.from_iterable(columns.pop("left_out"))))
    waits = tuple(chain.from_iterable(columns.pop("waits")))
    sums = {name: sum(values) for name, values in columns.items()}
    return Statistics(
        **sums, kv_use=kv_use, queued=queued, generated=generated, left_out=left_out, waits=waits
    )


def _added(histograms: Sequence[Sequence[int]]) -> tuple[int, ...]:
    return tuple(map(sum, zip_longest(*histograms, fillvalue=0)))


@runtime_checkable
class Measured(Protocol):
    """A model that has statistics."""

    def statistics(self) -> Statistics:
        """Return the counts so far."""
        ...


class Gauge:
    """Takes the report of an engine after every step; calls `alive` if it made any token."""

    def __init__(self, alive: Callable[[], None]) -> None:
        self._alive = alive
        self.generated = 0
        self.preemptions = 0
        self.kv_use = 0.0

    def record(self, scheduler: Any, iteration: Any) -> None:
        """Add one report; either argument is None if the step has no such part."""
        if scheduler is not None:
            self.kv_use = float(scheduler.kv_cache_usage)
        if iteration is not None:
            self.generated += int(iteration.num_generation_tokens)
            self.preemptions += int(iteration.num_preempted_reqs)
            if iteration.num_generation_tokens or iteration.num_prompt_tokens:
                self._alive()


class Histogram:
    """Counts durations by bucket."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self._counts[bisect_left(BOUNDS, seconds)] += 1

    def counts(self) -> tuple[int, ...]:
        """Return the number in each bucket."""
        return tuple(self._counts)


def quantile(counts: Sequence[int], share: float) -> float:
    """Return the least upper bound of a bucket that has this share of all below it.

    Returns 0 for an empty histogram, and the last bound if the quantile is beyond it.
    """
    wanted = share * sum(counts)
    seen = 0
    for bound, number in zip(BOUNDS, counts, strict=False):
        seen += number
        if wanted and seen >= wanted:
            return bound
    return BOUNDS[-1] if wanted else 0.0
