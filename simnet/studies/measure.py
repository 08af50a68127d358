"""Measures of a study: functions from a run to figures, with a name, a unit and a source."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from typing import Any, NamedTuple, TypeAlias

from simnet.clock import Seconds
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.recording.reading.run import Run
from simnet.scenario.scenario import Scenario
from simnet.studies.tables_read import check_tables

NO_GROUP = ""
"""The group of a figure that is about the whole run."""


class Figure(NamedTuple):
    """One figure that a measure found in a run."""

    value: float
    """The figure, in the unit of the measure."""
    group: str = NO_GROUP
    """What part of the run it is about, such as a cohort; empty is the whole."""
    time: Seconds | None = None
    """The simulated time it is about; None is the whole run or its end."""


Figures: TypeAlias = float | Mapping[str, float] | Iterable[Figure] | Iterable[float]
"""What a measure may return: a number, a number for each group, Figures, or no figure."""


Groups: TypeAlias = Callable[[Scenario], Collection[str]]
"""Lists the groups that the figures of a measure may have in runs of a scenario."""


@checked
@dataclass(frozen=True)
class Measure:
    """A function from a run to figures; `measure` makes one of a function.

    Raises ScenarioError for a name that cannot be printed and a table that no run has.
    """

    name: str
    """Its name, unique in a study."""
    function: Callable[[Run], Figures]
    """Takes a run and returns the figures."""
    unit: str = ""
    """Unit of the figures, such as `s`; empty for shares, counts and indices."""
    source: str = ""
    """The publication or definition it follows; for the pre-registration and the report."""
    members: tuple[str, ...] = ()
    """Handles that it is about, which every arm of a study must have."""
    tables: tuple[str, ...] = ()
    """Tables that it reads; those in `run.read("NAME")` need not be named."""
    groups: Groups | None = None
    """None if only a run tells."""
    timed: bool = False
    """Whether all figures are of times within a run, so that no hypothesis can be about one."""

    def __post_init__(self) -> None:
        if not self.name or not self.name.isprintable():
            raise ScenarioError(f"{self.name!r} is no name for a measure")
        if wrong := check_tables(self.tables, self.function):
            raise ScenarioError(f"measure {self.name!r} {wrong}")

    def of(self, run: Run) -> list[Figure]:
        """Measure a run. Raises ScenarioError, naming the measure, if the function fails.

        What is not a number (NaN too) is refused: a measure without a value returns no figure.
        """
        try:
            found = self.function(run)
            figures = list(_figures(found))
        except ScenarioError:
            raise
        except Exception as error:
            raise ScenarioError(
                f"measure {self.name} of run {run.id}: {type(error).__name__}: {error}"
            ) from error
        for figure in figures:
            if not isinstance(figure.value, Real) or not isfinite(figure.value):
                raise ScenarioError(
                    f"measure {self.name} of run {run.id} gave {figure.value!r} for "
                    f"{figure.group or 'the run'}; return a number, or no figure if there is none"
                )
        repeated = len(figures) - len({(figure.group, figure.time) for figure in figures})
        if repeated:
            raise ScenarioError(
                f"measure {self.name} of run {run.id} gave {repeated} figures for a group and time "
                "that has one already"
            )
        return [Figure(float(one.value), one.group, one.time) for one in figures]


def wrong_group(measure: Measure, group: str, scenarios: Iterable[Scenario]) -> str | None:
    """Say what is wrong if it is known that a measure has no figure of a group in some scenario."""
    for scenario in scenarios:
        known = [group] if measure.groups is None else measure.groups(scenario)
        if group not in known:
            lacks = f"group {group!r}" if group else "the whole run"
            there = ", ".join(repr(one) if one else "the whole run" for one in known)
            return f"gives no figure of {lacks}; name what it gives figures of: {there}"
    return None


def _figures(found: Any) -> Iterable[Figure]:
    if isinstance(found, Figure):
        return [found]
    if isinstance(found, Mapping):
        return [Figure(value, str(group)) for group, value in found.items()]
    if isinstance(found, Iterable) and not isinstance(found, str | bytes):
        return [Figure(*one) if isinstance(one, tuple) else Figure(one) for one in found]
    return [Figure(found)]


def measure(
    name: str, *, unit: str = "", source: str = "", tables: Sequence[str] = ()
) -> Callable[[Callable[[Run], Figures]], Measure]:
    """Make a Measure of the function below: `@measure("posts", unit="posts")`.

    `tables` are those that it reads. They are checked before anything runs, as are those that the
    function names itself in calls such as `run.read("events")`. Raises ScenarioError for a table
    that no run has.
    """

    def made(function: Callable[[Run], Figures]) -> Measure:
        return Measure(name, function, unit, source, tables=tuple(tables))

    return made
