"""Checks of a scenario's cues, made before anything starts."""

from collections.abc import Sequence
from math import inf

from simnet.agents.behaviours.standard import silent
from simnet.clock import Seconds, format_time
from simnet.errors import ScenarioError
from simnet.foundation.text import did_you_mean
from simnet.scenario.cohort import Cohort, Cue
from simnet.scenario.timing.rhythms import Never
from simnet.world.action_values import problem_of
from simnet.world.actions import fields_of
from simnet.world.verbs.posting import LONGEST_TEXT

PUBLISHING = frozenset({"post", "reply", "quote"})
"""Relations of verbs that make a post."""


def check_cues(name: str, cues: Sequence[Cue], handles: set[str]) -> None:
    """Raise ScenarioError for a cue that is wrong by itself.

    `handles` are those of everybody. The message names the cue and says what to change.
    """
    for number, cue in enumerate(cues):
        _check_cue(where(name, cue, number), cue, handles)


def check_possible(name: str, cues: Sequence[Cue], cohorts: Sequence[Cohort]) -> None:
    """Raise ScenarioError for a cue that the world could only refuse: too long, or about nothing.

    This is checked before a run and not when a scenario is made, of which another may be made by
    `replace`.
    """
    published = 0
    free_from = min((c.reacts_in for c in cohorts if may_publish(c)), default=inf)
    for number in sorted(range(len(cues)), key=lambda number: cues[number].at):
        cue = cues[number]
        _check_refusal(where(name, cue, number), cue)
        if cue.at <= free_from:  # until then only cues can have made posts
            _check_posts(where(name, cue, number), cue, published)
        published += cue.does.relation in PUBLISHING


def may_publish(cohort: Cohort) -> bool:
    """Whether members may make posts by themselves."""
    return (
        len(cohort.personas) > 0
        and not isinstance(cohort.rhythm, Never)
        and cohort.behaviour is not silent
        and any(verb.relation in PUBLISHING for verb in cohort.verbs)
    )


def where(name: str, cue: Cue, number: int) -> str:
    """Name a cue in a message."""
    return f"{name}: cue {number} ({cue.does.verb} at {cue.at:g} s)"


def _check_cue(place: str, cue: Cue, handles: set[str]) -> None:
    if cue.who not in handles:
        raise ScenarioError(
            f"{place} is by @{cue.who}, who is in no cohort{did_you_mean(cue.who, handles)}"
        )
    if not 0 <= cue.at < inf:
        raise ScenarioError(f"{place}: give a time that is 0 or later")
    if (problem := problem_of(cue.does)) is not None:
        raise ScenarioError(f"{place} by @{cue.who}: {problem}")
    for field in fields_of(type(cue.does)):
        value = getattr(cue.does, field.name)
        if field.kind == "text" and not value.strip():
            raise ScenarioError(f"{place} by @{cue.who} has an empty text; write something")
        if field.kind == "member" and value not in handles:
            raise ScenarioError(
                f"{place} names @{value}, who is in no cohort{did_you_mean(value, handles)}"
            )


def _check_refusal(place: str, cue: Cue) -> None:
    for field in fields_of(type(cue.does)):
        value = getattr(cue.does, field.name)
        if field.kind == "text" and len(value) > LONGEST_TEXT:
            raise ScenarioError(
                f"{place} by @{cue.who} has a text of {len(value):,} characters; a post holds "
                f"{LONGEST_TEXT:,}, so cut it or write several"
            )
        if field.kind == "member" and value == cue.who and cue.does.relation == "tie":
            raise ScenarioError(f"{place}: @{value} would {cue.does.verb} themselves; name another")


def _check_posts(place: str, cue: Cue, published: int) -> None:
    for field in fields_of(type(cue.does)):
        post = getattr(cue.does, field.name)
        if field.kind == "post" and not 0 <= post < published:
            known = f"posts 0 to {published - 1}" if published else "no posts"
            raise ScenarioError(
                f"{place} by @{cue.who} is about post {post}, but by then there are {known}; let "
                "an earlier cue write it, or let this one come later"
            )


def is_late(cue: Cue, lasts: Seconds) -> bool:
    """Whether a cue comes after the end, so that it is left out."""
    return cue.at > lasts


def late_cues(cues: Sequence[Cue], lasts: Seconds) -> list[str]:
    """Warn of cues after the end, a sentence each."""
    return [
        f"cue {number} ({cue.does.verb} by @{cue.who}) comes at {format_time(cue.at)}, after the "
        f"end at {format_time(lasts)}, and is left out; move it or raise lasts"
        for number, cue in enumerate(cues)
        if is_late(cue, lasts)
    ]
