"""Bounds of the numbers that verbs have as fields."""

from dataclasses import dataclass
from math import ceil, floor, isfinite

from simnet.errors import ScenarioError

MOST_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest value of a number, both allowed.

    A model writes a `float` with at most `decimals` digits after the point. Raises
    ScenarioError for bounds that are not finite or in the wrong order.
    """

    low: float
    """The least value."""
    high: float
    """The greatest value."""
    decimals: int = 2

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and self.low <= self.high):
            raise ScenarioError(
                f"Bounds({self.low}, {self.high}): give two finite numbers, the smaller first"
            )
        if not 0 <= self.decimals <= MOST_DECIMALS:
            raise ScenarioError(
                f"Bounds(decimals={self.decimals}): give 0 to {MOST_DECIMALS} digits"
            )
        if not len(self.units(self.decimals)):
            raise ScenarioError(
                f"Bounds({self.low}, {self.high}, decimals={self.decimals}): no such number is "
                "between them; allow more decimals"
            )

    def holds(self, value: float) -> bool:
        """Whether a number is within the bounds."""
        return self.low <= value <= self.high

    def units(self, decimals: int) -> range:
        """List the numbers within the bounds that have `decimals` decimals, times 10^decimals."""
        scale = 10**decimals
        # Rounded first, since 0.1 * 10 and the like may be off by one unit in the last place.
        low, high = round(self.low * scale, 6), round(self.high * scale, 6)
        return range(ceil(low), floor(high) + 1)

    def in_words(self, kind: str) -> str:
        """Say which numbers are allowed."""
        what = "a whole number" if kind == "int" else "a number"
        return f"{what} from {self.low:.15g} to {self.high:.15g}"


WIDEST = Bounds(-999_999_999, 999_999_999, decimals=3)
"""The bounds of a number that has none of its own."""
