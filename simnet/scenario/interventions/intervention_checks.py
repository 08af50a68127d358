"""Checks of interventions made before anything starts."""

from collections.abc import Sequence
from math import inf

from simnet.clock import Seconds, format_time
from simnet.errors import ScenarioError
from simnet.scenario.cohort import Cohort, Cue, handles_of
from simnet.scenario.cue_checks import PUBLISHING, check_cues, may_publish
from simnet.scenario.interventions.directory import Directory, directory_of
from simnet.scenario.interventions.intervention import Intervention
from simnet.scenario.interventions.on_world import Act, RemovePosts
from simnet.scenario.interventions.presence import in_order
from simnet.scenario.interventions.schedule import At, When
from simnet.scenario.interventions.standing import Standing


def check_interventions(name: str, entries: Sequence[At | When], cohorts: Sequence[Cohort]) -> None:
    """Raise ScenarioError for an intervention that is wrong by itself: whom it names, and when."""
    if not entries:
        return
    directory = directory_of(cohorts)
    everybody = {handle for cohort in cohorts for handle in handles_of(cohort.personas)}
    for number, entry in enumerate(entries):
        place = where(name, entry, number)
        if isinstance(entry, At) and not 0 <= entry.at < inf:
            raise ScenarioError(f"{place}: give a time that is 0 or later")
        if not entry.interventions:
            raise ScenarioError(f"{place} does nothing; give it an intervention")
        for one in entry.interventions:
            _check_names(place, one, directory)
            if isinstance(one, Act):
                at = entry.at if isinstance(entry, At) else 0.0
                check_cues(place, [Cue(at, one.who.removeprefix("@"), one.does)], everybody)


def where(name: str, entry: At | When, number: int) -> str:
    """Name an intervention in a message."""
    acts = ", ".join(dict.fromkeys(type(one).__name__ for one in entry.interventions))
    when = f"at {entry.at:g} s" if isinstance(entry, At) else f"when {entry.name} crosses"
    return f"{name}: intervention {number} ({acts or 'nothing'} {when})"


def _check_names(place: str, one: Intervention, directory: Directory) -> None:
    if not one.names() and not isinstance(one, RemovePosts):
        raise ScenarioError(f"{place}: {type(one).__name__} names nobody")
    for name in one.names():
        problem = directory.problem_of(name)
        if problem is not None:
            raise ScenarioError(f"{place}: {problem}")
        if one.names_cohorts_only and not directory.is_cohort(name):
            raise ScenarioError(
                f"{place}: {name!r} is a person, and a feed is that of a cohort; name a cohort"
            )
    if isinstance(one, Act) and directory.is_cohort(one.who):
        raise ScenarioError(f"{place}: {one.who!r} is a cohort; name the person who acts")


def check_course(
    name: str,
    entries: Sequence[At | When],
    cues: Sequence[Cue],
    cohorts: Sequence[Cohort],
) -> None:
    """Raise ScenarioError for what the world could only refuse, by those who are there when.

    Examples are a ban of somebody who is banned, a cue for somebody who left, and a post that
    cannot have been written yet. What depends on a condition, or on moderators, is left out.
    """
    if not entries:
        return
    standing = Standing(entries, cohorts, directory_of(cohorts))
    course: list[tuple[Seconds, int, int]] = [(cue.at, 0, n) for n, cue in enumerate(cues)]
    due = in_order(entries)
    course += [(one.at, 1, n) for n, one in enumerate(due)]
    free_from = min((c.reacts_in for c in cohorts if may_publish(c)), default=inf)
    if any(isinstance(one, Act) for e in entries if isinstance(e, When) for one in e.interventions):
        free_from = 0.0
    published = 0
    for at, kind, number in sorted(course):
        if kind == 0:
            cue = cues[number]
            place = f"{name}: cue {number} ({cue.does.verb} at {cue.at:g} s)"
            problem = standing.problem_of_act(cue.who, cue.does)
            published += cue.does.relation in PUBLISHING
        else:
            does = due[number].does
            place = where(name, entries[due[number].place], due[number].place)
            problem = standing.take(at, does)
            if problem is None and isinstance(does, RemovePosts) and at <= free_from:
                problem = _unwritten(does, published)
            published += isinstance(does, Act) and does.does.relation in PUBLISHING
        if problem is not None:
            raise ScenarioError(f"{place}: {problem}")


def _unwritten(one: RemovePosts, published: int) -> str | None:
    for post in one.posts:
        if post >= published:
            known = f"posts 0 to {published - 1}" if published else "no posts"
            return f"it removes post {post}, but by then there are {known}; let it come later"
    return None


def late_interventions(entries: Sequence[At | When], lasts: Seconds) -> list[str]:
    """Warn of what comes after the end, a sentence each."""
    found = []
    for number, entry in enumerate(entries):
        at = entry.at if isinstance(entry, At) else entry.every
        if at <= lasts:
            continue
        acts = ", ".join(type(one).__name__ for one in entry.interventions)
        what = "comes" if isinstance(entry, At) else "is first checked"
        found.append(
            f"intervention {number} ({acts}) {what} at {format_time(at)}, after the end at "
            f"{format_time(lasts)}, and is left out; move it or raise lasts"
        )
    return found
