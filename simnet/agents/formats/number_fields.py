"""Numbers in replies: the patterns that allow those within bounds, and their reading."""

import re
from collections.abc import Iterator

from simnet.errors import ModelError
from simnet.world.actions import Field

NUMBERS = frozenset({"int", "float"})
"""Kinds of fields that are numbers of their own, not of something in view."""
WRITTEN = r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?"
"""How a number is written; whether it is within bounds is said by `read_number`."""

MINUS_SIGNS = ("-", "\u2212", "\u2013", "\uff0d")
"""Hyphen, minus sign, dash, full-width hyphen: what stands before a negative number."""
_FREE = re.compile(
    rf"(?<![^\W_])(?P<sign>[+{re.escape(''.join(MINUS_SIGNS))}]?)\s?"
    r"(?:(?P<whole>[0-9]{1,15})(?:[.,](?P<fraction>[0-9]{1,15}))?|[.,](?P<point>[0-9]{1,15}))"
    r"(?![^\W_])"
)


def number_pattern(field: Field) -> str:
    """Build the regular expression of all numbers that a field allows, each in its usual form.

    It has a few alternatives for each digit of the bounds, whatever lies between them.
    """
    numbers = [
        sign + _with_point(digits, decimals)
        for decimals in range(1 + _decimals(field))
        for sign, units in _magnitudes(field.bounds.units(decimals))
        for digits in _digits_between(units.start, units.stop - 1, least=decimals + 1)
    ]
    return "|".join(numbers)


def number_syntax(field: Field) -> str:
    """Write the bounds as the rules of a reply show them, such as `1..5`."""
    units = field.bounds.units(_decimals(field))
    scale = 10 ** _decimals(field)
    return f"{units[0] / scale:.15g}..{units[-1] / scale:.15g}"


def read_number(word: str, field: Field) -> float:
    """Read a number that was written for a field, rounded to its decimals.

    Raises ModelError if it is no number, not a whole one where that is wanted, or out of bounds.
    """
    if re.fullmatch(WRITTEN, word) is None:
        raise ModelError(f"{field.name} is {word!r:.40}, not {field.bounds.in_words(field.kind)}")
    number = round(float(word), _decimals(field))
    if number != float(word) and field.kind == "int":
        raise ModelError(f"{field.name} is {word}, not {field.bounds.in_words(field.kind)}")
    if not field.bounds.holds(number):
        raise ModelError(f"{field.name} is {word}, not {field.bounds.in_words(field.kind)}")
    return int(number) if field.kind == "int" else number + 0.0  # + 0.0 makes -0.0 zero


def free_number(text: str) -> tuple[str, int] | None:
    """Find the first number of a text that nothing constrains, and where it ends.

    The number is returned as `read_number` takes it: with `-` for other minus signs, a point for
    a comma between digits, and without a plus sign, such as `-0.5` for `\u22120,5`. What it is
    out of (`4/5`, `4 of 5`) is not part of it. None if there is no number.
    """
    found = _FREE.search(text)
    if found is None:
        return None
    sign = "-" if found["sign"] in MINUS_SIGNS else ""
    fraction = found["fraction"] or found["point"] or ""
    return f"{sign}{found['whole'] or '0'}{'.' * bool(fraction)}{fraction}", found.end()


def _decimals(field: Field) -> int:
    return 0 if field.kind == "int" else field.bounds.decimals


def _magnitudes(units: range) -> Iterator[tuple[str, range]]:
    """Split a range into its negative numbers, without their sign, and the others."""
    if not units:
        return
    low, high = units[0], units[-1]
    if low < 0:
        yield "-", range(max(1, -high), -low + 1)
    if high >= 0:
        yield "", range(max(0, low), high + 1)


def _digits_between(low: int, high: int, least: int) -> Iterator[str]:
    """Yield patterns that together match the numbers `low` to `high`, with `least` digits or more.

    Each pattern is a list of digits and classes of digits, so that a point can be put into it.
    """
    while low <= high:
        width = max(least, len(str(low)))
        top = min(high, 10**width - 1)
        yield from _same_width(f"{low:0{width}}", f"{top:0{width}}")
        low = top + 1


def _same_width(low: str, high: str) -> Iterator[str]:
    """Yield patterns for the numbers between two that have equally many digits."""
    if not low:
        yield ""
        return
    first, last = low[0], high[0]
    rest = len(low) - 1
    if first == last:
        yield from (first + tail for tail in _same_width(low[1:], high[1:]))
        return
    if set(low[1:]) - {"0"}:
        yield from (first + tail for tail in _same_width(low[1:], "9" * rest))
        first = chr(ord(first) + 1)
    if set(high[1:]) - {"9"}:
        last = chr(ord(last) - 1)
    if first <= last:
        yield _class(first, last) + _class("0", "9") * rest
    if last < high[0]:
        yield from (high[0] + tail for tail in _same_width("0" * rest, high[1:]))


def _class(first: str, last: str) -> str:
    return first if first == last else f"[{first}-{last}]"


def _with_point(pattern: str, decimals: int) -> str:
    """Put a point before the last `decimals` digits of a pattern."""
    if not decimals:
        return pattern
    digits = re.findall(r"\[\d-\d\]|\d", pattern)
    return "".join([*digits[:-decimals], r"\.", *digits[-decimals:]])
