"""What is expected of a study, and known beforehand: hypotheses, and values to compare with."""

from dataclasses import dataclass
from math import inf, isfinite
from typing import Literal, TypeAlias

from simnet.clock import Seconds
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.studies.measure import NO_GROUP

Expectation: TypeAlias = Literal["higher", "lower", "different", "equal"]


@checked
@dataclass(frozen=True)
class Hypothesis:
    """What is expected of one measure in one arm, compared with another arm.

    Raises ScenarioError for an arm compared with itself, and a `margin` where none belongs.
    """

    name: str
    """Its name, unique in the study."""
    measure: str
    """Name of the measure."""
    arm: str
    """Name of the arm."""
    baseline: str
    """Name of the arm that it is compared with."""
    expects: Expectation = "different"
    """`equal` is tested as equivalence within `margin`."""
    margin: float | None = None
    """The largest difference, in the measure's unit, that counts as none; for `equal`."""
    group: str = NO_GROUP
    """What part of the run it is about, such as a cohort; empty is the whole."""

    def __post_init__(self) -> None:
        if self.arm == self.baseline:
            raise ScenarioError(f"hypothesis {self.name!r} compares {self.arm!r} with itself")
        if (self.expects == "equal") != (self.margin is not None):
            raise ScenarioError(
                f"hypothesis {self.name!r}: give margin= with expects='equal', and only then"
            )
        if self.margin is not None and not 0 < self.margin < inf:
            raise ScenarioError(
                f"hypothesis {self.name!r}: margin={self.margin} is no number above 0"
            )


@checked
@dataclass(frozen=True)
class Reference:
    """A known value of a measure, such as that of a textbook, to be shown beside the results."""

    measure: str
    """Name of the measure."""
    value: float
    """In the unit of the measure."""
    source: str
    """Where it is from, such as a publication."""
    arm: str | None = None
    """The arm it is about; None is all of them."""
    group: str = NO_GROUP
    """What part of the run it is about, such as a cohort; empty is the whole."""
    time: Seconds | None = None
    """The simulated time it is about; None is the whole run or its end."""

    def __post_init__(self) -> None:
        if not isfinite(self.value):
            raise ScenarioError(f"reference of {self.measure!r}: {self.value} is no known value")
        if not self.source:
            raise ScenarioError(
                f"reference of {self.measure!r} has no source; say where it is from"
            )
