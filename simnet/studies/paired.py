"""Statistics of paired values: differences, intervals, tests, equivalence and power.

Each is computed by scipy or statsmodels; here it is chosen which, and when there is too little to
say anything. Values are paired by seed: `arm[i]` and `baseline[i]` are of runs that share their
random numbers.
"""

from bisect import bisect_left
from collections.abc import Sequence
from math import inf, isfinite, nan, sqrt
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from simnet.errors import UsageError

Values: TypeAlias = npt.NDArray[np.float64]
Alternative: TypeAlias = Literal["two-sided", "greater", "less"]
LEVEL = 0.95
RESAMPLES = 9_999
_ROUNDING = 1e-12
"""Values that differ by less, relative to their size or to 1, are the same number."""
_MOST_SEEDS = 2**30
FEW = 6
"""With fewer pairs not even the most extreme permutation is below 5% two-sided."""


class Interval(NamedTuple):
    """An interval estimate, from `low` to `high`, in the unit of what is estimated."""

    low: float
    high: float

    def in_words(self) -> str:
        """Write it; in words if there is none."""
        if not isfinite(self.low):
            return "one seed has none"
        return f"{self.low:.4g} to {self.high:.4g}"


class Difference(NamedTuple):
    """The paired difference of an arm from a baseline, in the unit of the measure."""

    pairs: int
    """Seeds that have both values."""
    mean: float
    """Mean of arm less baseline."""
    t_interval: Interval
    """Student's, for a mean of normally distributed differences."""
    bootstrap_interval: Interval
    """Bias-corrected and accelerated (Efron 1987), from resampled pairs, at a level expanded for
    few pairs (Hesterberg 2015)."""
    effect: float
    """Cohen's d of the differences (mean by standard deviation) with Hedges' correction; NaN if
    they do not vary."""
    p_t: float
    """Of the paired t-test."""
    p_permutation: float
    """Of the test that flips the signs of differences: all flips if they are few, else sampled."""
    correlation: float
    """Between arm and baseline over the seeds; NaN if one of them does not vary."""
    variance_ratio: float
    """Variance of the paired difference, by that of a difference of independent runs; below 1 the
    shared random numbers saved runs."""

    @property
    def p(self) -> float:
        """Of the t-test; of the permutation test if differences do not vary."""
        return self.p_t if isfinite(self.p_t) else self.p_permutation


def difference(
    arm: Sequence[float],
    baseline: Sequence[float],
    *,
    alternative: Alternative = "two-sided",
    level: float = LEVEL,
    seed: int = 0,
) -> Difference:
    """Compare paired values; `seed` is that of resampling. Raises UsageError below two pairs."""
    first, second = _paired(arm, baseline)
    change = first - second
    if _is_constant(change, first, second):
        return _constant(first, second, alternative)
    spread = float(change.std(ddof=1))
    t_test = stats.ttest_1samp(change, 0.0, alternative=alternative)
    both = stats.ttest_1samp(change, 0.0).confidence_interval(level)
    apart = float(first.var(ddof=1) + second.var(ddof=1))
    return Difference(
        pairs=len(change),
        mean=float(change.mean()),
        t_interval=Interval(float(both.low), float(both.high)),
        bootstrap_interval=_bootstrap(change, level, seed),
        effect=float(change.mean()) / spread * _hedges(len(change)),
        p_t=float(t_test.pvalue),
        p_permutation=_permuted(change, alternative, seed),
        correlation=_correlation(first, second),
        variance_ratio=spread**2 / apart if apart else nan,
    )


def _paired(arm: Sequence[float], baseline: Sequence[float]) -> tuple[Values, Values]:
    first, second = np.asarray(arm, float), np.asarray(baseline, float)
    if len(first) != len(second):
        raise UsageError(f"{len(first)} values of the arm and {len(second)} of the baseline")
    if len(first) < 2:
        raise UsageError("there are fewer than two seeds with both values; run more seeds")
    return first, second


def _is_constant(values: Values, *of: Values) -> bool:
    """Whether values vary by no more than rounding does, given what they were computed from."""
    size = max(1.0, *(float(np.abs(one).max()) for one in of or (values,)))
    return float(np.ptp(values)) <= _ROUNDING * size


def _constant(first: Values, second: Values, alternative: Alternative) -> Difference:
    """Every seed has the same difference: nothing is left to chance, and nothing to estimate."""
    mean = float((first - second).mean())
    mean = 0.0 if _is_constant(np.array([mean, 0.0]), first, second) else mean
    sign = {"two-sided": mean != 0, "greater": mean > 0, "less": mean < 0}[alternative]
    flips = 0.5 ** len(first) * (2 if alternative == "two-sided" else 1)
    exact = Interval(mean, mean)
    return Difference(
        pairs=len(first),
        mean=mean,
        t_interval=exact,
        bootstrap_interval=exact,
        effect=nan,
        p_t=nan,
        p_permutation=min(flips, 1.0) if sign else 1.0,
        correlation=_correlation(first, second),
        variance_ratio=nan if _is_constant(first) and _is_constant(second) else 0.0,
    )


def _hedges(pairs: int) -> float:
    """Hedges' correction of a small sample's d (Hedges 1981)."""
    return 1 - 3 / (4 * (pairs - 1) - 1) if pairs > 2 else 1.0


def _expanded(level: float, pairs: int) -> float:
    """Return the level at which resampled means of so few pairs have the spread of Student's.

    That of Hesterberg's expanded percentile interval (2015, The American Statistician 69(4)):
    resamples vary by the factor sqrt((n - 1) / n) too little, and know nothing of the spread being
    an estimate.
    """
    beyond = stats.t.ppf((1 + level) / 2, pairs - 1) * sqrt(pairs / (pairs - 1))
    return float(min(1 - 2 * stats.norm.sf(beyond), 1 - 1 / RESAMPLES))


def _bootstrap(change: Values, level: float, seed: int) -> Interval:
    found = stats.bootstrap(
        (change,),
        np.mean,
        confidence_level=_expanded(level, len(change)),
        n_resamples=RESAMPLES,
        method="BCa" if len(change) > 2 else "percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(float(found.low), float(found.high))


def _permuted(change: Values, alternative: Alternative, seed: int) -> float:
    found = stats.permutation_test(
        (change, np.zeros_like(change)),
        lambda one, other, axis: np.mean(one - other, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        alternative=alternative,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def _correlation(first: Values, second: Values) -> float:
    if _is_constant(first) or _is_constant(second):
        return nan
    return float(np.corrcoef(first, second)[0, 1])


def equivalence(arm: Sequence[float], baseline: Sequence[float], margin: float) -> float:
    """Return the p value of "the mean difference is within the margin" (two one-sided t-tests).

    Schuirmann 1987. 0.0 or 1.0 if differences do not vary. Raises UsageError below two pairs.
    """
    first, second = _paired(arm, baseline)
    if _is_constant(first - second, first, second):
        return 0.0 if abs(float((first - second).mean())) < margin else 1.0
    return float(ttost_paired(first, second, -margin, margin)[0])


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values for the whole family (Holm 1979); NaN counts as 1."""
    if not p_values:
        return []
    filled = [value if isfinite(value) else 1.0 for value in p_values]
    return [float(value) for value in multipletests(filled, method="holm")[1]]


def seeds_needed(
    effect: float,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    alternative: Alternative = "two-sided",
) -> int | None:
    """Return how many seeds show an effect (Cohen's d of paired differences) with some power.

    By the power of the paired t-test (Cohen 1988, "Statistical Power Analysis").

    None for an effect of 0, one that is not known or points the other way, and one so small that
    it takes more than 2**30.
    """
    if not isfinite(effect) or effect == 0:
        return None
    if (alternative == "greater" and effect < 0) or (alternative == "less" and effect > 0):
        return None

    def shows(seeds: int) -> bool:
        return _power(abs(effect), seeds, alpha, two_sided=alternative == "two-sided") >= power

    reach = 2
    while not shows(reach):
        reach *= 2
        if reach > _MOST_SEEDS:
            return None
    return bisect_left(range(reach + 1), x=True, lo=2, key=shows)


def _power(effect: float, seeds: int, alpha: float, *, two_sided: bool) -> float:
    """Return the power of a paired t-test, by the noncentral t (Cohen 1988).

    scipy has NaN for the other tail where it is too small to matter.
    """
    beyond = stats.t.isf(alpha / 2 if two_sided else alpha, seeds - 1)
    shift = min(effect, 1e3) * sqrt(seeds)  # larger ones overflow, and two seeds show either
    found = stats.nct.sf(beyond, seeds - 1, shift)
    if two_sided:
        found += np.nan_to_num(stats.nct.cdf(-beyond, seeds - 1, shift))
    return float(found)


class Mean(NamedTuple):
    """The mean of one arm over its seeds, in the unit of the measure."""

    seeds: int
    """Seeds with a value."""
    mean: float
    """The mean of these values."""
    deviation: float
    """Standard deviation over seeds; NaN for one seed."""
    interval: Interval
    """Student's; from minus to plus infinity for one seed."""


def mean_of(values: Sequence[float], level: float = LEVEL) -> Mean:
    """Summarise the values of one arm. Raises UsageError without any."""
    found = np.asarray(values, float)
    if len(found) == 0:
        raise UsageError("there are no values")
    mean = float(found.mean())
    if len(found) == 1:
        return Mean(1, mean, nan, Interval(-inf, inf))
    deviation = float(found.std(ddof=1))
    half = float(stats.t.ppf((1 + level) / 2, len(found) - 1)) * deviation / sqrt(len(found))
    return Mean(len(found), mean, deviation, Interval(mean - half, mean + half))


def few_seeds(
    pairs: int, effect: float, p: float, alternative: Alternative = "two-sided"
) -> str | None:
    """Say in words that a study has too few seeds for what it asks; None if it does not."""
    if pairs < FEW:
        return (
            f"{pairs} seeds are too few: with fewer than {FEW} no permutation test can be below 5%"
        )
    if p < 0.05:
        return None
    needed = seeds_needed(effect, alternative=alternative)
    if needed is not None and needed > pairs:
        return (
            f"inconclusive with {pairs} seeds; an effect of this size (d = {effect:.2f}) takes "
            f"about {needed} to show with 80% power"
        )
    return None
