"""Numbers that the benchmarks take, and figures that they print; no benchmark itself.

A number that is too small is refused with a message before anything is measured. A figure that
could not be measured is None: it is printed as a dash and is `null` in JSON, never 0.
"""

import argparse
from collections.abc import Callable, Sequence
from statistics import quantiles


def at_least(least: int) -> Callable[[str], int]:
    """Return the type of an option that is a whole number from `least` on."""

    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is too small; give {least} or more")
        return value

    return number


def between(low: float, high: float) -> Callable[[str], float]:
    """Return the type of an option that is a number from `low` to `high`."""

    def number(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text}: give a number from {low:g} to {high:g}")
        return value

    return number


def rate(count: float, seconds: float) -> float | None:
    """Return the count per second; None if no time passed."""
    return count / seconds if seconds > 0 else None


def ratio(one: float | None, other: float | None) -> float | None:
    """Return a ratio; None if either is not known or the second is 0."""
    return None if one is None or not other else one / other


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return a percentile; None if there are too few values for it."""
    few = len(values) < max(2, 100 / min(percent, 100 - percent))
    return None if few else quantiles(values, n=100)[percent - 1]


def shown(value: float | None, form: str) -> str:
    """Format a figure, or write a dash if it is not known."""
    return "-" if value is None else format(value, form)
