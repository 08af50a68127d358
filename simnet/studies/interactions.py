"""Interactions: whether the difference of two arms is another one where something else differs.

The contrast of a 2x2 design is a difference of differences, (a - b) - (c - d). It is one number for
each seed, of which mean, interval and tests are those of paired differences. Sources: Rosnow &
Rosenthal 1989, "Definition and interpretation of interaction effects", Psychological Bulletin 105;
Maxwell & Delaney 2004, "Designing Experiments and Analyzing Data", on contrasts within subjects.
"""

from collections.abc import Sequence
from math import nan

import numpy as np

from simnet.studies.paired import Alternative, Difference, difference


def compared(
    values: Sequence[Sequence[float]], *, alternative: Alternative = "two-sided"
) -> Difference:
    """Compare an arm with its baseline, or their difference with that of two other arms.

    There are two or four, each with a value for each seed. Raises UsageError below two seeds.
    """
    found = difference(*paired(values), alternative=alternative)
    if len(values) == 2:
        return found
    four = np.asarray(values, float)
    apart = float(four.var(axis=1, ddof=1).sum())
    contrast = float((four[0] - four[1] - four[2] + four[3]).var(ddof=1))
    return found._replace(variance_ratio=contrast / apart if apart else nan)


def paired(values: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
    """Return the values of an arm and its baseline; of four arms the differences of two each."""
    if len(values) == 2:
        return list(values[0]), list(values[1])
    arm, baseline, other_arm, other_baseline = np.asarray(values, float)
    return (arm - baseline).tolist(), (other_arm - other_baseline).tolist()
