"""The natural logarithm, equal to the last bit on every machine.

The logarithms of C libraries and of numpy differ in the last bit of some values. So a delay drawn
with them depends on the machine, and a run could not be resumed on another. This one uses only
operations that IEEE 754 rounds in one way: sums, differences, products and quotients.
"""

from itertools import count, takewhile
from math import frexp, inf

_LN2_HIGH = 0.6931471803691238
"""ln 2 with its last 21 bits zero, so that its product with a binary exponent is exact."""
_LN2_LOW = 1.9082149292705877e-10
_ROOT_HALF = 0.7071067811865476
_SERIES = [1 / n for n in takewhile(lambda n: n < 26, count(3, 2))][::-1]
"""Coefficients of z**3, z**5, ... in atanh z, the highest first; |z| is at most 0.172 here."""


def log(value: float) -> float:
    """Return the natural logarithm of a positive number, within 2 units in the last place.

    Method: value = m * 2**e with m from sqrt(1/2) to sqrt(2), and ln m = 2 atanh((m - 1) / (m + 1))
    by its series (Abramowitz & Stegun 1964, 4.1.27).

    Raises ValueError unless `value` is positive and finite.
    """
    if not 0.0 < value < inf:
        raise ValueError(f"there is no logarithm of {value!r}")
    mantissa, exponent = frexp(value)
    if mantissa < _ROOT_HALF:
        mantissa, exponent = mantissa * 2, exponent - 1
    z = (mantissa - 1) / (mantissa + 1)
    square = z * z
    series = 0.0
    for coefficient in _SERIES:
        series = (series + coefficient) * square
    return exponent * _LN2_HIGH + (2 * z + (2 * z * series + exponent * _LN2_LOW))
