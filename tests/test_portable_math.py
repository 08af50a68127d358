"""The logarithm that draws delays: right, and the same everywhere."""

import math
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simnet.draws import Draw
from simnet.foundation.numbers.portable_math import log

KNOWN = {
    "0x1.0000000000000p-53": "-0x1.25e4f7b2737fap+5",
    "0x1.999999999999ap-4": "-0x1.26bb1bbb55515p+1",
    "0x1.6a09e667f3bcdp-1": "-0x1.62e42fefa39eep-2",
    "0x1.fffffffffffffp-1": "-0x1.0000000000000p-53",
    "0x1.8000000000000p+0": "0x1.9f323ecbf984cp-2",
    "0x1.5bf0a8b145769p+1": "0x1.0000000000000p+0",
}
"""Numbers and the logarithms that every machine has to give, to the last bit."""


@pytest.mark.parametrize(("number", "logarithm"), KNOWN.items())
def test_it_gives_the_same_bits_everywhere(number, logarithm):
    assert log(float.fromhex(number)).hex() == logarithm


@given(st.floats(min_value=5e-324, allow_infinity=False))
def test_it_is_within_two_units_in_the_last_place(number):
    with localcontext() as context:
        context.prec = 60
        right = Decimal(number).ln()
    assert abs(Decimal(log(number)) - right) <= 2 * Decimal(math.ulp(float(right)))


def test_it_is_right_for_the_numbers_that_draws_make():
    for turn in range(2000):
        chance = Draw(1, "ana", turn, "wake")()
        assert log(1.0 - chance) == pytest.approx(math.log1p(-chance), rel=1e-15, abs=1e-300)


@pytest.mark.parametrize("number", [0.0, -1.0, math.inf, math.nan])
def test_what_has_no_logarithm_is_refused(number):
    with pytest.raises(ValueError, match="there is no logarithm of"):
        log(number)
