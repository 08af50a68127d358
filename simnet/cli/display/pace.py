"""How fast a run goes and how long it will take, from the reports of its progress."""

from collections import deque
from typing import Any, NamedTuple

from simnet.clock import Seconds
from simnet.scenario.expected_turns import Expected
from simnet.scheduler.messages import EngineState, Progress

WINDOW = 10.0
"""Wall seconds over which tokens per second are averaged."""
EARLIEST_GUESS = 0.02
"""Share of a run that has to be over before the rest is guessed from it."""


class Figures(NamedTuple):
    """One moment of a run, in numbers that people read."""

    now: Seconds
    lasts: Seconds
    settled: int
    """Turns and cues that have an outcome."""
    expected: float
    """Turns and cues there will be."""
    at_least: bool
    """Whether `expected` is a lower bound."""
    thinking: int
    calls: int
    tokens_in: float
    """Prompt tokens a wall second, cached ones included."""
    tokens_out: float
    cached: float
    """Share of the prompt tokens that the prefix cache had."""
    refused: int
    failed: int
    marks: dict[str, int]
    elapsed: float
    left: float | None
    """Wall seconds to go; None while that is anybody's guess."""
    waiting: int = 0
    """Requests that the model has not admitted yet."""
    kv_use: float = 0.0
    """Share of the model's key-value cache in use."""
    restarts: int = 0
    """How often the model had to be started again."""
    engines: tuple[EngineState, ...] = ()
    """What each engine does, if there are several."""

    def to_json(self) -> dict[str, Any]:
        """Write it as an object of plain values."""
        told = {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in self._asdict().items()
        }
        return {**told, "engines": [engine_json(state) for state in self.engines]}


def engine_json(state: EngineState) -> dict[str, Any]:
    """Write what one of several engines does as an object of plain values."""
    told = {"engine": state.engine, "model": state.model, "restarts": state.restarts}
    figures = state.statistics.figures() if state.statistics is not None else ()
    return {**told, **{name: round(value, 3) for name, value, _ in figures}}


class Pace:
    """Turns reports of progress into figures."""

    def __init__(self, lasts: Seconds, expected: Expected, cues: int) -> None:
        self._lasts = lasts
        self._expected = expected.turns + cues
        self._at_least = expected.at_least
        self._recent: deque[tuple[float, int, int]] = deque()

    def look(self, progress: Progress) -> Figures:
        """Take one report."""
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
            cached=usage.cached_tokens / max(1, usage.prompt_tokens),
            refused=refused,
            failed=failed,
            marks=dict(ledger.marks),
            elapsed=progress.elapsed,
            left=self._left(progress, settled),
            waiting=progress.statistics.waiting if progress.statistics else 0,
            kv_use=progress.statistics.kv_use if progress.statistics else 0.0,
            restarts=len(progress.incidents),
            engines=progress.engines,
        )

    def _rates(self, progress: Progress) -> tuple[float, float]:
        usage = progress.usage
        self._recent.append((progress.elapsed, usage.prompt_tokens, usage.output_tokens))
        while len(self._recent) > 2 and self._recent[1][0] < progress.elapsed - WINDOW:
            self._recent.popleft()
        then, taken, given = self._recent[0] if len(self._recent) > 1 else (0.0, 0, 0)
        seconds = max(progress.elapsed - then, 1e-3)
        return (usage.prompt_tokens - taken) / seconds, (usage.output_tokens - given) / seconds

    def _left(self, progress: Progress, settled: int) -> float | None:
        """Guess by simulated time, or by turns where their number is known and says more.

        Simulated time alone misleads where all that happens happens early.
        """
        share = min(1.0, progress.now / self._lasts)
        if not self._at_least and self._expected:
            share = max(share, min(1.0, settled / self._expected))
        if share < EARLIEST_GUESS:
            return None
        return progress.elapsed * (1 - share) / share


def format_seconds(seconds: float) -> str:
    """Write wall time: `45 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    minutes = whole // 60
    return f"{minutes // 60} h {minutes % 60} min"
