"""Who is there when, as far as interventions at set times say."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from simnet.clock import Seconds
from simnet.scenario.cohort import Cohort, Cue
from simnet.scenario.interventions.directory import Directory, directory_of
from simnet.scenario.interventions.intervention import Intervention
from simnet.scenario.interventions.on_world import Act, Ban, Join, Leave, Reinstate
from simnet.scenario.interventions.schedule import At, When


class Due(NamedTuple):
    """An intervention at its time."""

    at: Seconds
    place: int
    """Number of its At among the scenario's interventions."""
    does: Intervention


def in_order(entries: Sequence[At | When]) -> list[Due]:
    """List the interventions at set times in the order in which they happen."""
    due = [
        Due(entry.at, place, one)
        for place, entry in enumerate(entries)
        if isinstance(entry, At)
        for one in entry.interventions
    ]
    return sorted(due, key=lambda one: one[:2])


def conditional(entries: Sequence[At | When]) -> Iterator[Intervention]:
    """Yield the interventions of conditions."""
    for entry in entries:
        if isinstance(entry, When):
            yield from entry.interventions


def absent_at_start(entries: Sequence[At | When], directory: Directory) -> list[int]:
    """List who is away at the start: who joins at a set time, and does not leave before.

    Of those whom only conditions name: who joins by one, and leaves by none.
    """
    away: dict[int, bool] = {}
    for _, _, one in in_order(entries):
        if isinstance(one, Join | Leave):
            for member in directory.members(one.who):
                away.setdefault(member, isinstance(one, Join))
    maybe = list(conditional(entries))
    leaving = {m for one in maybe if isinstance(one, Leave) for m in directory.members(one.who)}
    for one in maybe:
        if isinstance(one, Join):
            for member in directory.members(one.who):
                away.setdefault(member, member not in leaving)
    return sorted(member for member, is_away in away.items() if is_away)


def acts_of(entries: Sequence[At | When]) -> list[Cue]:
    """List what people are made to do; what depends on a condition, at the first check."""
    return [
        Cue(entry.at if isinstance(entry, At) else entry.every, one.who.removeprefix("@"), one.does)
        for entry in entries
        for one in entry.interventions
        if isinstance(one, Act)
    ]


def share_there(
    entries: Sequence[At | When], cohorts: Sequence[Cohort], lasts: Seconds
) -> dict[str, float]:
    """Return which share of the time the members of each cohort are there and not banned.

    Cohorts whose members are always there may be left out.
    """
    if not any(isinstance(one.does, Ban | Leave | Join) for one in in_order(entries)):
        return {}
    directory = directory_of(cohorts)
    since = dict.fromkeys(absent_at_start(entries, directory), 0.0)
    away = dict.fromkeys(since, 0.0)
    for at, _, one in in_order(entries):
        if at > lasts or not isinstance(one, Ban | Leave | Join | Reinstate):
            continue
        for member in directory.members(one.who):
            if isinstance(one, Ban | Leave):
                since.setdefault(member, at)
            elif member in since:
                away[member] = away.get(member, 0.0) + at - since.pop(member)
    for member, at in since.items():
        away[member] = away.get(member, 0.0) + lasts - at
    lost = dict.fromkeys((cohort.name for cohort in cohorts), 0.0)
    for member, seconds in away.items():
        lost[directory.cohort_of(member)] += seconds
    sizes = {cohort.name: max(1, len(cohort.personas)) for cohort in cohorts}
    return {name: 1 - seconds / (lasts * sizes[name]) for name, seconds in lost.items()}
