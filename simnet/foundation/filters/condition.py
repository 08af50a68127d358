"""What a filter says, as a tree of tests on fields."""

from collections.abc import Callable
from typing import Literal as OneOf
from typing import NamedTuple, TypeAlias

Operator: TypeAlias = OneOf["=", "<>", "<", "<=", ">", ">=", "~", "like", "contains", "null"]
ORDERS = frozenset({"<", "<=", ">", ">="})


class Literal(NamedTuple):
    """A value that a field is compared with."""

    kind: OneOf["text", "number", "truth"]
    """A truth is `true` or `false`, compared in any case."""
    text: str
    """The value as it is written, without quotation marks."""


class Test(NamedTuple):
    """A test of one field: `=` with one of the items where the field is a list."""

    field: str
    operator: Operator
    value: Literal


class Negated(NamedTuple):
    """The opposite of a condition."""

    part: "Condition"


class Every(NamedTuple):
    """Conditions that all hold."""

    parts: "tuple[Condition, ...]"


class Some(NamedTuple):
    """Conditions of which at least one holds."""

    parts: "tuple[Condition, ...]"


Condition: TypeAlias = Test | Negated | Every | Some


class Facts(NamedTuple):
    """What an order needs to know of the values of a field."""

    numbers: bool
    """Whether some value is a number."""
    texts: bool
    """Whether some value is something else; with neither, there is no value."""


FactsOf: TypeAlias = Callable[[str], Facts]
