"""Whom the names in interventions are: `ann` and `@ann` are people, `people` is a cohort."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, TypeAlias

from simnet.foundation.text import did_you_mean
from simnet.scenario.cohort import Cohort, handles_of

Names: TypeAlias = str | Sequence[str]
"""A handle or the name of a cohort, or several of these; `@` may precede a handle."""


class Target(NamedTuple):
    """A person, or a cohort with its members."""

    cohort: str
    """The cohort, or that of the person."""
    whom: str | None
    """The handle; None for a cohort."""
    members: Sequence[int]
    """Positions among all people of the scenario."""


def listed(names: Names) -> tuple[str, ...]:
    """List names."""
    return (names,) if isinstance(names, str) else tuple(names)


class Directory:
    """Finds people and cohorts by their names."""

    def __init__(self, cohorts: Sequence[Cohort], index: Mapping[str, int]) -> None:
        """Take the cohorts, and the position of each handle among all people."""
        self._index = index
        self._cohorts: dict[str, range] = {}
        end = 0
        for cohort in cohorts:
            start, end = end, end + len(cohort.personas)
            self._cohorts[cohort.name] = range(start, end)

    def problem_of(self, name: str) -> str | None:
        """Say what is wrong with a name; None if it is somebody's or a cohort's alone."""
        handle = name.removeprefix("@")
        if name in self._cohorts:
            if name in self._index:
                return f"{name!r} is a cohort and a person; write '@{name}' for the person"
            return None
        if handle in self._index:
            return None
        hint = did_you_mean(handle, [*self._cohorts, *self._index])
        return f"there is no person and no cohort {name!r}{hint}"

    def is_cohort(self, name: str) -> bool:
        """Whether a name is that of a cohort."""
        return name in self._cohorts

    def targets(self, names: Names) -> list[Target]:
        """Find whom names are."""
        return [self._target(name) for name in listed(names)]

    def members(self, names: Names) -> list[int]:
        """List the positions of all who are named, each once."""
        found = dict.fromkeys(one for target in self.targets(names) for one in target.members)
        return list(found)

    def cohort_of(self, member: int) -> str:
        """Name the cohort of somebody."""
        return next(name for name, places in self._cohorts.items() if member in places)

    def handle_of(self, member: int) -> str:
        """Return the handle of somebody."""
        return self._handles[member]

    @cached_property
    def _handles(self) -> list[str]:
        return list(self._index)

    def _target(self, name: str) -> Target:
        if name in self._cohorts:
            return Target(name, None, self._cohorts[name])
        handle = name.removeprefix("@")
        member = self._index[handle]
        return Target(self.cohort_of(member), handle, (member,))


def directory_of(cohorts: Sequence[Cohort]) -> Directory:
    """Make the directory of a scenario's people."""
    handles = (handle for cohort in cohorts for handle in handles_of(cohort.personas))
    return Directory(cohorts, {handle: place for place, handle in enumerate(handles)})
