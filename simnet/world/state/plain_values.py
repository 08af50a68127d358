"""Values without the names of their classes and fields."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum

import numpy as np


def plain(value: object) -> object:
    """Reduce a value to numbers, texts, lists and tuples, in one form for equal values.

    A NamedTuple and a dataclass become the tuple of their values, an Enum its value, a mapping
    the list of its pairs in their order, a set a sorted list, an array a list. Anything else
    stays as it is; its `repr` has to be equal in all processes. Fields of a dataclass that take no
    part in comparisons are left out.
    """
    reduced: object = value
    match value:
        case Enum():
            reduced = plain(value.value)
        case np.ndarray() | np.generic():
            reduced = value.tolist()
        case tuple():
            reduced = tuple(plain(item) for item in value)
        case list():
            reduced = [plain(item) for item in value]
        case Mapping():
            reduced = [(plain(key), plain(item)) for key, item in value.items()]
        case AbstractSet():
            reduced = sorted((plain(item) for item in value), key=repr)
        case _ if is_dataclass(value) and not isinstance(value, type):
            compared = (field.name for field in fields(value) if field.compare)
            reduced = tuple(plain(getattr(value, name)) for name in compared)
    return reduced
