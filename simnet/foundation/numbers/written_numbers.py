"""Numbers as people write them, with thousands apart, and bounds as they are told to a model."""

import re
from decimal import Decimal

NUMBER = re.compile(
    r"(?<![\w.,])[-\u2212]?\d+(?:[.,]\d+|[ '\u2019\u00a0\u2009\u202f]\d{3}(?!\d))*"
    r"(?!\w|[.,]\d|\s*(?i:hundred|thousand|million|billion)\b)"
)
"""A number in a text, with all of its groups of digits; not one that a word multiplies."""
_GROUPED = re.compile(
    r"(?P<whole>-?[1-9]\d{0,2}(?P<mark>[., '\u2019\u00a0\u2009\u202f])\d{3}(?:(?P=mark)\d{3})*)"
    r"(?:(?!(?P=mark))[.,](?P<fraction>\d+))?"
)
_PLAIN = re.compile(r"-?\d+(?:[.,]\d+)?")


def meanings(written: str, whole: bool) -> set[float]:
    """Return the numbers that a text may mean as a whole; none if it is no number, as a date.

    `1,000` may be a thousand, or one with three decimals. Nobody writes a whole number with a
    comma and decimals, so where `whole` is asked for it is a thousand. A point is that of the
    decimals where decimals are asked for; in a whole number, `1.000` has both meanings.
    """
    written = written.replace("\u2212", "-")
    grouped, plain = _GROUPED.fullmatch(written), _PLAIN.fullmatch(written)
    found = set()
    if grouped and not (plain and grouped["mark"] == "." and not whole):
        found.add(float(f"{re.sub(r'[^-0-9]', '', grouped['whole'])}.{grouped['fraction'] or 0}"))
    if plain and not (grouped and grouped["mark"] == "," and whole):
        found.add(float(written.replace(",", ".")))
    return found


def exactly(number: float) -> str:
    """Write a number with all of its digits and no exponent."""
    return str(int(number)) if number == int(number) else f"{Decimal(str(number)):f}"
