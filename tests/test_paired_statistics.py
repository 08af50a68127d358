"""Statistics of paired values against published examples and against scipy."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from simnet.analysis.inequality import gini
from simnet.errors import UsageError
from simnet.studies.paired import (
    difference,
    equivalence,
    few_seeds,
    holm,
    mean_of,
    seeds_needed,
)

pytestmark = pytest.mark.slow

DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
"""Hours of sleep gained by ten patients (Student 1908, The probable error of a mean)."""


def test_students_sleep_data_give_the_published_figures():
    found = difference(DRUG_1, DRUG_2)
    assert found.pairs == 10
    assert found.mean == pytest.approx(-1.58)
    assert found.p_t == pytest.approx(0.002833, abs=1e-6)
    assert found.t_interval == pytest.approx((-2.4598858, -0.7001142), abs=1e-6)
    assert found.effect == pytest.approx(-1.58 / 1.229995 * (1 - 3 / 35), abs=1e-5)
    assert found.p_permutation == pytest.approx(0.00390625, abs=1e-6)  # 4 of 1,024 flips
    assert found.bootstrap_interval.low < -1.58 < found.bootstrap_interval.high
    assert found.correlation == pytest.approx(0.7951702, abs=1e-6)
    assert found.variance_ratio == pytest.approx(
        np.var(np.subtract(DRUG_1, DRUG_2), ddof=1)
        / (np.var(DRUG_1, ddof=1) + np.var(DRUG_2, ddof=1))
    )


@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_bootstrap_intervals_of_few_pairs_hold_the_truth_as_often_as_they_say(draw):
    chance = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        values = getattr(chance, draw)(size=10)
        found = difference(values, np.zeros(10)).bootstrap_interval
        held += found.low <= (draw == "exponential") <= found.high
    assert held / 400 >= 0.92  # without the expanded level 0.89 and 0.87


def test_a_direction_halves_the_p_value_or_turns_it():
    both, less, greater = (
        difference(DRUG_1, DRUG_2, alternative=one).p_t for one in ("two-sided", "less", "greater")
    )
    assert less == pytest.approx(both / 2)
    assert greater == pytest.approx(1 - both / 2)


def test_a_difference_that_never_varies_is_exact():
    found = difference([2.0, 3.0, 4.0, 1.0, 5.0, 9.0], [1.0, 2.0, 3.0, 0.0, 4.0, 8.0])
    assert found.t_interval == found.bootstrap_interval == (1.0, 1.0)
    assert found.p_permutation == pytest.approx(2 / 64)
    assert math.isnan(found.p_t)
    none = difference([1.0, 1.0], [1.0, 1.0])
    assert none.p_permutation == 1.0


def test_rounding_is_no_variation():
    found = difference([0.1] * 3, [0.0] * 3)
    assert found.t_interval == pytest.approx((0.1, 0.1))
    assert math.isnan(found.effect)
    assert math.isnan(found.p_t)
    assert math.isnan(found.correlation)
    assert found.p_permutation == pytest.approx(2 / 8)
    same = difference([0.1 + 0.2, 0.7, 0.6], [0.3, 0.7, 0.6])
    assert (same.mean, same.p_permutation) == (0.0, 1.0)
    assert equivalence([0.1 + seed for seed in range(3)], [0.0, 1.0, 2.0], 0.2) == 0.0


def test_too_few_or_unequal_values_are_refused():
    with pytest.raises(UsageError, match="fewer than two seeds"):
        difference([1.0], [2.0])
    with pytest.raises(UsageError, match="2 values of the arm and 1 of the baseline"):
        difference([1.0, 2.0], [2.0])


def test_holm_gives_the_textbook_adjustment():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([math.nan, 0.01]) == pytest.approx([1.0, 0.02])


def test_equivalence_is_two_one_sided_tests():
    change = np.subtract(DRUG_1, DRUG_2)
    lower = stats.ttest_1samp(change, -3.0, alternative="greater").pvalue
    upper = stats.ttest_1samp(change, 3.0, alternative="less").pvalue
    assert equivalence(DRUG_1, DRUG_2, 3.0) == pytest.approx(max(lower, upper))
    assert equivalence([1.0, 2.0], [1.0, 2.0], 0.1) == 0.0
    assert equivalence([2.0, 3.0], [1.0, 2.0], 0.5) == 1.0


def test_seeds_needed_are_those_of_the_tables_of_power():
    """Cohen 1988: a paired t-test with d = 0.5 takes 34 pairs for 80% power, two-sided at 5%."""
    assert seeds_needed(0.5) == 34
    assert seeds_needed(0.8) == 15
    assert seeds_needed(-0.5) == 34
    assert seeds_needed(0.5, alternative="greater") == 27
    assert seeds_needed(0.5, alternative="less") is None
    assert seeds_needed(0.0) is None
    assert seeds_needed(1e-7) is None
    assert seeds_needed(1e300) == 2


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_seeds_needed_are_the_first_that_have_the_power(alternative):
    """Also for effects beyond those of tables, which two seeds show."""
    found = [seeds_needed(tenth / 10, alternative=alternative) for tenth in range(1, 200)]
    assert found == sorted(found, reverse=True)
    assert found[-1] == 2
    named = {"two-sided": "two-sided", "greater": "larger"}[alternative]
    for tenth, seeds in enumerate(found, start=1):
        if 2 < seeds < 200 and tenth < 40:
            powers = [
                TTestPower().power(tenth / 10, n, 0.05, alternative=named)
                for n in (seeds - 1, seeds)
            ]
            assert powers[0] < 0.8 <= powers[1]


def test_too_few_seeds_are_said_in_words():
    assert "5 seeds are too few" in few_seeds(5, 1.0, 0.01)
    assert "about 34" in few_seeds(10, 0.5, 0.2)
    assert few_seeds(10, 0.5, 0.01) is None
    assert "about 27" in few_seeds(10, 0.5, 0.2, "greater")
    assert few_seeds(10, -0.5, 0.93, "greater") is None


def test_the_mean_of_one_seed_has_no_interval():
    assert mean_of([2.0]).interval == (-math.inf, math.inf)
    found = mean_of([1.0, 2.0, 3.0])
    half = 4.302653 / math.sqrt(3)
    assert found.interval == pytest.approx((2 - half, 2 + half), abs=1e-5)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 1, 1], 0.0), ([0, 0, 0, 1], 0.75), ([1, 2, 3, 4], 0.25), ([0, 0], 0.0)],
)
def test_gini_is_the_mean_difference_by_twice_the_mean(values, expected):
    assert gini(np.array(values, float)) == pytest.approx(expected)
    if sum(values):
        apart = np.abs(np.subtract.outer(values, values)).mean() / (2 * np.mean(values))
        assert gini(np.array(values, float)) == pytest.approx(apart)
