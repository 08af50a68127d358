"""What is expected of a study, and known beforehand: hypotheses, and values to compare with."""

from dataclasses import dataclass
from math import inf, isfinite
from typing import Literal, TypeAlias

from simnet.clock import Seconds
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.studies.measure import NO_GROUP

Expectation: TypeAlias = Literal["higher", "lower", "different", "equal"]
_WORDS: dict[Expectation, str] = {
    "higher": "higher than", "lower": "lower than", "different": "different from", "equal": "as",
}  # fmt: skip


@checked
@dataclass(frozen=True)
class Hypothesis:
    """What is expected of one measure in one arm, compared with another arm.

    With `than`, the difference of the two arms is compared with that of two others, an interaction:
    see `Results.interaction`. Raises ScenarioError for an arm compared with itself, a difference
    compared with itself, and a `margin` where none belongs.
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
    than: tuple[str, str] | None = None
    """Names of another arm and its baseline, whose difference that of `arm` from `baseline` is
    compared with; None compares `arm` with `baseline`."""

    def __post_init__(self) -> None:
        if self.than is not None:
            if isinstance(self.than, str) or len(self.than) != 2:
                raise ScenarioError(
                    f"hypothesis {self.name!r}: than={self.than!r} names no two arms; give an arm "
                    "and its baseline, as than=('loud', 'quiet')"
                )
            object.__setattr__(self, "than", tuple(self.than))
        for arm, baseline in ((self.arm, self.baseline), self.than or ("", None)):
            if arm == baseline:
                raise ScenarioError(f"hypothesis {self.name!r} compares {arm!r} with itself")
        if self.than is not None and set(self.than) == {self.arm, self.baseline}:
            raise ScenarioError(
                f"hypothesis {self.name!r} compares the difference of {self.arm!r} and "
                f"{self.baseline!r} with itself; name two arms of which one is another in than="
            )
        if (self.expects == "equal") != (self.margin is not None):
            raise ScenarioError(
                f"hypothesis {self.name!r}: give margin= with expects='equal', and only then"
            )
        if self.margin is not None and not 0 < self.margin < inf:
            raise ScenarioError(
                f"hypothesis {self.name!r}: margin={self.margin} is no number above 0"
            )

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms it names: two, and four with `than`."""
        return (self.arm, self.baseline, *(self.than or ()))

    @property
    def difference_in_words(self) -> str:
        """What is estimated, such as `loud minus quiet`."""
        difference = f"{self.arm} minus {self.baseline}"
        return f"({difference}) minus ({' minus '.join(self.than)})" if self.than else difference

    @property
    def in_words(self) -> str:
        """What is expected, in a sentence without its full stop."""
        measure = f"{self.measure} of {self.group}" if self.group else self.measure
        if self.than is None:
            words = f"{measure} in {self.arm} is {_WORDS[self.expects]} in {self.baseline}"
        else:
            words = (
                f"the difference of {measure} between {self.arm} and {self.baseline} is "
                f"{_WORDS[self.expects]} between {self.than[0]} and {self.than[1]}"
            )
        return words if self.margin is None else f"{words}, within {self.margin:g}"


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
