"""Speed and remaining time of a run, from its progress reports."""

from collections import deque
from typing import Any, NamedTuple

from simnet.cli.display.text_health import health_json
from simnet.clock import Seconds
from simnet.foundation.text import counted, plural
from simnet.inference.calls.retry_waits import Wait
from simnet.kernel.text_health import HealthProgress
from simnet.scenario.forecast.expected_turns import Expected
from simnet.scheduler.progress.messages import EngineState, Progress

WINDOW = 10.0
"""Wall seconds over which tokens per second are averaged."""
EARLIEST_ESTIMATE = 0.02
"""Share of a run that has to be over before the remaining time is estimated from it."""


class Figures(NamedTuple):
    """The state of a run at one moment, in the numbers that displays show."""

    now: Seconds
    lasts: Seconds
    settled: int
    """Turns and cues that have an outcome."""
    expected: float
    """Turns and cues of the whole run."""
    at_least: bool
    """Whether `expected` is a lower bound."""
    thinking: int
    calls: int
    tokens_in: float | None
    """Prompt tokens per wall second, cached ones included; None if unknown."""
    tokens_out: float | None
    """Output tokens per wall second; None if unknown."""
    cached: float | None
    """Share of all prompt tokens so far that were in the prefix cache; None if unknown."""
    refused: int
    failed: int
    marks: dict[str, int]
    elapsed: float
    left: float | None
    """Estimated wall seconds to go; None early in the run."""
    waiting: int = 0
    """Requests that the model has not admitted yet."""
    kv_use: float = 0.0
    """Share of the model's key-value cache in use."""
    restarts: int = 0
    """How often an engine was restarted."""
    engines: tuple[EngineState, ...] = ()
    """The state of each engine, if there are several."""
    waits: tuple[Wait, ...] = ()
    """Why prompts wait until they are sent again."""
    health: HealthProgress = HealthProgress()
    """How the texts are."""
    mirror: str | None = None
    """How far the copy of the record in an object store is; None if none is kept."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields as values that JSON knows."""
        fields = {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in self._asdict().items()
        }
        fields["engines"] = [engine_json(state) for state in self.engines]
        fields["health"] = health_json(self.health)
        return {**fields, "waits": [wait._asdict() for wait in self.waits]}


def engine_json(state: EngineState) -> dict[str, Any]:
    """Return the state of an engine as values that JSON knows."""
    fields = {"engine": state.engine, "model": state.model, "restarts": state.restarts}
    figures = state.statistics.figures() if state.statistics is not None else ()
    return {**fields, **{name: round(value, 3) for name, value, _ in figures}}


class Pace:
    """Computes figures from progress reports."""

    def __init__(self, lasts: Seconds, expected: Expected, cues: int) -> None:
        self._lasts = lasts
        self._expected = expected.turns + cues
        self._at_least = expected.at_least
        self._recent: deque[tuple[float, int, int]] = deque()
        self._shares: deque[tuple[float, float]] = deque([(0.0, 0.0)])
        """Wall seconds and the share of the run that was over; of the latter half of the time."""

    def look(self, progress: Progress) -> Figures:
        """Return the figures of the newest report."""
        ledger, usage = progress.ledger, progress.usage
        refused, failed = ledger.refused.total(), ledger.failed.total()
        settled = ledger.done + refused + failed
        tokens_in, tokens_out = self._rates(progress)
        return Figures(
            now=progress.now,
            lasts=self._lasts,
            settled=settled,
            expected=max(self._expected, settled),
            at_least=self._at_least,
            thinking=ledger.open,
            calls=usage.calls,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cached=usage.cached,
            refused=refused,
            failed=failed,
            marks=dict(ledger.marks),
            elapsed=progress.elapsed,
            left=self._left(progress, settled),
            waiting=progress.statistics.waiting if progress.statistics else 0,
            kv_use=progress.statistics.kv_use if progress.statistics else 0.0,
            restarts=len(progress.incidents),
            engines=progress.engines,
            waits=progress.statistics.waits if progress.statistics else (),
            health=progress.health,
            mirror=progress.mirror,
        )

    def _rates(self, progress: Progress) -> tuple[float | None, float | None]:
        usage = progress.usage
        self._recent.append((progress.elapsed, usage.prompt_tokens, usage.output_tokens))
        while len(self._recent) > 2 and self._recent[1][0] < progress.elapsed - WINDOW:
            self._recent.popleft()
        since, prompt, output = self._recent[0] if len(self._recent) > 1 else (0.0, 0, 0)
        seconds = max(progress.elapsed - since, 1e-3)
        known = usage.figures()
        rates = (usage.prompt_tokens - prompt) / seconds, (usage.output_tokens - output) / seconds
        told_in, told_out = known["prompt_tokens"], known["output_tokens"]
        return None if told_in is None else rates[0], None if told_out is None else rates[1]

    def _left(self, progress: Progress, settled: int) -> float | None:
        """Estimate the wall seconds to go from the pace in the latter half of the time so far.

        So the turns that a resume plays again at once are soon left out. The share that is over
        is that of simulated time, or of turns if their number is known and the share is larger:
        in a run whose turns all happen early, simulated time alone misleads.
        """
        share = min(1.0, progress.now / self._lasts)
        if not self._at_least and self._expected:
            share = max(share, min(1.0, settled / self._expected))
        self._shares.append((progress.elapsed, share))
        while len(self._shares) > 2 and self._shares[1][0] <= progress.elapsed / 2:
            self._shares.popleft()
        began, before = self._shares[0]
        if share < EARLIEST_ESTIMATE or share <= before:
            return None
        return (progress.elapsed - began) * (1 - share) / (share - before)


def format_cached(share: float | None) -> str:
    """Format the share of prompt tokens that were in a cache; `-` if it is unknown."""
    return "-" if share is None else f"{share:.0%}"


def format_sum(tokens: int | None, unknown: int, noun: str = "") -> str:
    """Format a sum of tokens, over some calls of which `unknown` do not tell theirs."""
    if tokens is None:
        return f"unknown {plural(noun)}" if noun else "unknown"
    shown = counted(tokens, noun) if noun else f"{tokens:,}"
    return f"at least {shown}" if unknown else shown


def format_seconds(seconds: float) -> str:
    """Format wall time: `45 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    minutes = whole // 60
    return f"{minutes // 60} h {minutes % 60} min"
