"""Filters: conditions on fields, which catalogues compile to SQL and reviews test on records."""

from simnet.foundation.filters.condition import (
    Condition,
    Every,
    Facts,
    Literal,
    Negated,
    Some,
    Test,
)
from simnet.foundation.filters.parser import parse_filter
from simnet.foundation.filters.sought_words import sought_words

__all__ = [
    "Condition",
    "Every",
    "Facts",
    "Literal",
    "Negated",
    "Some",
    "Test",
    "parse_filter",
    "sought_words",
]
