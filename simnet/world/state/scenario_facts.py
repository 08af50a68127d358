"""What the world knows of its scenario, for feed sources and rules of verbs."""

from collections.abc import Callable, Mapping
from math import inf
from types import MappingProxyType
from typing import NamedTuple

from simnet.clock import Seconds


def _no_attributes(member: int) -> Mapping[str, object]:
    return MappingProxyType({})


class ScenarioFacts(NamedTuple):
    """The scenario's name, seed and length, and what its personas are."""

    name: str = ""
    """Name of the scenario."""
    seed: int = 0
    """Its seed."""
    lasts: Seconds = inf
    """Simulated seconds until its end; infinite where nobody knows."""
    attributes: Callable[[int], Mapping[str, object]] = _no_attributes
    """Position of a member in `world.handles` -> the attributes of their persona."""
