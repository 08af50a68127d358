"""Estimates with intervals, made of several rehearsals of a scenario.

An estimate is the mean of the rehearsals. Its interval is meant to hold the truth in at least 9
of 10 runs: it is a prediction interval for one more rehearsal (Student's t), widened by `DRIFT`
of what is still to come. `benchmarks/estimate_coverage.py` measures how often it does.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

STUDENT_T = {2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365}
"""Two-sided 95% quantiles by degrees of freedom. Those of 90% held the truth too rarely, because
few replies tell too little of how much they differ."""
DRIFT = 0.03
"""Share of the part still to come by which it may differ although nothing in it does."""


class Range(NamedTuple):
    """A figure and the 90% interval around it."""

    expected: float
    low: float | None
    """None, as `high`, where the interval is not known."""
    high: float | None


class Estimate(NamedTuple):
    """The estimated cost of a run or of a cohort."""

    calls: Range
    tokens_in: Range
    cached: Range
    """Those of the tokens in that come from the prefix cache."""
    tokens_out: Range
    minutes: Range
    """Wall minutes of turns, at the pace of the part that was run; start-up is not included."""


class Pace(NamedTuple):
    """What the first part took."""

    known: np.ndarray
    """Its figures."""
    seconds: float

    def minutes(self, figures: Sequence[Range]) -> Range:
        """Estimate minutes from calls, tokens in and tokens out.

        Which of them decides depends on the model, so the estimate is their mean, and the
        interval holds the intervals by each of them.
        """
        calls, tokens_in, _, tokens_out = self.known
        units = [
            (figure, self.seconds / 60 / known)
            for figure, known in zip(
                (figures[0], figures[1], figures[3]), (calls, tokens_in, tokens_out), strict=True
            )
            if known
        ]
        lows = [unit * figure.low for figure, unit in units if figure.low is not None]
        highs = [unit * figure.high for figure, unit in units if figure.high is not None]
        expected = sum(unit * figure.expected for figure, unit in units) / max(1, len(units))
        return Range(expected, min(lows, default=None), max(highs, default=None))


def estimate_of(figures: np.ndarray, known: np.ndarray, pace: Pace, holds: bool) -> Estimate:
    """Estimate from rehearsals, of shape (rehearsals, figures), and what is known already."""
    expected = figures.mean(axis=0)
    ranges = [Range(float(one), None, None) for one in expected]
    if holds:
        count = len(figures)
        spread = STUDENT_T[count - 1] * figures.std(axis=0, ddof=1) * np.sqrt(1 + 1 / count)
        half = np.hypot(spread, DRIFT * (expected - known))
        lows = np.maximum(expected - half, np.minimum(known, expected))
        ranges = [
            Range(*map(float, one)) for one in zip(expected, lows, expected + half, strict=True)
        ]
    calls, tokens_in, cached, tokens_out = ranges
    return Estimate(calls, tokens_in, cached, tokens_out, pace.minutes(ranges))
