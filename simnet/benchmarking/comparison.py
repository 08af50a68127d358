"""Compares two measurements, figure by figure, with what noise alone would do.

The ratio of two medians gets an interval by the percentile bootstrap (Efron 1979): both lists of
samples are drawn again with replacement. Where the interval holds 1, no difference was shown.
"""

from math import inf, isfinite
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from simnet.benchmarking.measurement import Measurement, Samples

DRAWS = 4000
FEWEST = 5
"""With fewer samples on a side, intervals are too narrow: with 3, 10% of the comparisons of equal
things would get a verdict; with 5, less than 5%."""
Verdict: TypeAlias = Literal[
    "better", "worse", "no difference shown", "too few samples", "not comparable"
]


class Comparison(NamedTuple):
    """One figure in two measurements."""

    workload: str
    figure: str
    unit: str
    before: float
    """The median."""
    after: float
    ratio: float | None
    """After, by before; None if a sample before is 0, so that there is no ratio."""
    low: float | None
    """The 95% interval of the ratio; None without a ratio or with too few samples."""
    high: float | None
    verdict: Verdict


def compare(before: Measurement, after: Measurement) -> list[Comparison]:
    """Compare the figures that both have, in the order of the first."""
    others = {(one.workload, one.figure): one for one in after.samples}
    pairs = [(one, others.get((one.workload, one.figure))) for one in before.samples]
    return [_compared(one, other) for one, other in pairs if other is not None]


def _compared(before: Samples, after: Samples) -> Comparison:
    comparable = all(0 < one < inf for one in before.values) and all(map(isfinite, after.values))
    low, high = _interval(before.values, after.values) if comparable else (None, None)
    verdict = _verdict(low, high, more_is_better=before.more_is_better)
    return Comparison(
        before.workload,
        before.figure,
        before.unit,
        before.median,
        after.median,
        after.median / before.median if comparable else None,
        low,
        high,
        verdict if comparable else "not comparable",
    )


def _interval(
    before: tuple[float, ...], after: tuple[float, ...]
) -> tuple[float, float] | tuple[None, None]:
    if min(len(before), len(after)) < FEWEST:
        return None, None
    chance = np.random.default_rng(0)
    ratios = _medians(after, chance) / _medians(before, chance)
    low, high = np.quantile(ratios, [0.025, 0.975]).tolist()
    return low, high


def _medians(values: tuple[float, ...], chance: np.random.Generator) -> np.ndarray:
    drawn = chance.choice(np.array(values), (DRAWS, len(values)))
    medians: np.ndarray = np.median(drawn, axis=1)
    return medians


def _verdict(low: float | None, high: float | None, *, more_is_better: bool) -> Verdict:
    if low is None or high is None:
        return "too few samples"
    if low <= 1 <= high:
        return "no difference shown"
    return "better" if (low > 1) == more_is_better else "worse"
