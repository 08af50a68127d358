"""Surveys at set times of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from simnet.clock import Seconds, rounded
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.questions.questionnaire import Survey

MOST_WAVES = 10_000
"""Times at which one survey may be put."""


@checked
@dataclass(frozen=True)
class SurveySchedule:
    """A survey, when it is put in a run, to whom, and whether they remember it.

    The run waits for the answers. Without `remembered` it goes on as if nobody had been asked.
    """

    survey: Survey
    """What is asked."""
    at: Seconds | Sequence[Seconds] = ()
    """A simulated time, or several."""
    every: Seconds | None = None
    """Puts it after so many seconds, and again each time they have passed, up to the end."""
    who: str | Sequence[str] = ()
    """Handles, or `cohort:NAME`; none is everyone."""
    sample: int | None = None
    """How many of them are asked, drawn from the scenario's seed; the same ones each time."""
    remembered: bool = False
    """Whether each of them remembers what was asked and answered."""

    def __post_init__(self) -> None:
        self._check(
            bool(self.times) != (self.every is not None),
            "give times, at=, or a span between times, every=",
        )
        for time in self.times:
            self._check(0 <= time < inf, f"at={time}; give a time that is 0 or later")
        if self.every is not None:
            self._check(0 < self.every < inf, f"every={self.every}; give a positive time")
        self._check(self.sample is None or self.sample > 0, f"sample={self.sample}; ask 1 or more")

    @property
    def times(self) -> Sequence[Seconds]:
        """The times of `at`."""
        return (self.at,) if isinstance(self.at, int | float) else tuple(self.at)

    @property
    def names(self) -> Sequence[str]:
        """The names of `who`."""
        return (self.who,) if isinstance(self.who, str) else tuple(self.who)

    def due(self, lasts: Seconds) -> list[Seconds]:
        """List the times at which it is put in a scenario that lasts so long.

        Raises ScenarioError for a time after the end, or too many.
        """
        if self.every is not None:
            count = int(lasts // self.every)
            self._check(
                0 < count <= MOST_WAVES,
                f"every={self.every:g} puts it {count:,} times in a scenario that lasts "
                f"{lasts:g} s; let it be 1 to {MOST_WAVES:,} times",
            )
            return [rounded(self.every * number) for number in range(1, count + 1)]
        for time in self.times:
            self._check(
                time <= lasts, f"at={time:g} is after the end of the scenario, at {lasts:g} s"
            )
        return sorted({rounded(float(time)) for time in self.times})

    def _check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise ScenarioError(f"schedule of the survey {self.survey.name!r}: {otherwise}")
