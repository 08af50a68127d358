"""Checks of a scenario as a whole, made before anything starts."""

from collections import Counter
from collections.abc import Sequence
from math import isfinite

from simnet.agents.formats.spotlighting import STYLES, Spotlighting
from simnet.clock import Seconds
from simnet.errors import ScenarioError
from simnet.foundation.text import did_you_mean
from simnet.foundation.user_code import raised_by, shown, wrong_result
from simnet.scenario.cohort import Cohort, Cue, handles_of
from simnet.scenario.cue_checks import check_cues
from simnet.scenario.networks.arrays import TieBuilder, Ties
from simnet.scenario.timing.rhythms import NamesSpeakers, TakingTurns
from simnet.world.feeds.feed import Feed

TRIGGERS = ["post", "reply", "quote", "mention", "message"]
"""Events that a rhythm can be triggered by."""


def check(
    name: str,
    cohorts: Sequence[Cohort],
    cues: Sequence[Cue],
    *,
    lasts: Seconds,
    feed: Feed,
    ties: Ties | TieBuilder,
    spotlighting: Spotlighting,
    most_turns: int | None,
) -> None:
    """Raise ScenarioError for fields of a scenario that cannot run together.

    The message names the cohort, persona or cue and says what to change.
    """
    if not name:
        raise ScenarioError("the scenario has no name; give it one")
    if not cohorts:
        raise ScenarioError(f"{name}: there are no cohorts; a scenario needs people")
    if not (lasts > 0 and isfinite(lasts)):
        raise ScenarioError(f"{name}: lasts={lasts}; give a positive time")
    if most_turns is not None and most_turns < 1:
        raise ScenarioError(f"{name}: most_turns={most_turns}; allow a turn, or None for any")
    if spotlighting not in STYLES:
        raise ScenarioError(f"{name}: spotlighting={spotlighting!r}; choose {', '.join(STYLES)}")
    _check_cohorts(name, cohorts, feed)
    handles = _check_handles(name, cohorts)
    _check_ties(name, ties, handles)
    _check_turns(name, cohorts, handles)
    check_cues(name, cues, handles)


def _check_cohorts(name: str, cohorts: Sequence[Cohort], default: Feed) -> None:
    names = [cohort.name for cohort in cohorts]
    if twice := _twice(names):
        raise ScenarioError(f"{name}: two cohorts are called {twice[0]!r}; rename one")
    for cohort in cohorts:
        for followed in cohort.follows:
            if followed not in names:
                raise ScenarioError(
                    f"{name}: cohort {cohort.name!r} follows {followed!r}, which is no "
                    f"cohort{did_you_mean(followed, names)}; the cohorts are {', '.join(names)}"
                )
        feed = cohort.feed or default
        if feed.size < 1 or feed.candidates < feed.size or feed.window <= 0:
            raise ScenarioError(
                f"{name}: the feed of cohort {cohort.name!r} has size={feed.size}, "
                f"candidates={feed.candidates}, window={feed.window}; it wants a positive size, "
                f"at least as many candidates and a positive window"
            )
        if (feed.tokens is not None and feed.tokens < 1) or feed.suggestions < 0:
            raise ScenarioError(
                f"{name}: the feed of cohort {cohort.name!r} has tokens={feed.tokens}, "
                f"suggestions={feed.suggestions}; it wants a positive number of tokens, or None, "
                f"and no negative number of suggestions"
            )
        for what in _triggers(cohort):
            if what not in TRIGGERS:
                raise ScenarioError(
                    f"{name}: cohort {cohort.name!r} is triggered by {what!r}"
                    f"{did_you_mean(what, TRIGGERS)}; choose among {', '.join(TRIGGERS)}"
                )


def _triggers(cohort: Cohort) -> Sequence[str]:
    """Read what triggers a rhythm, which may be the user's own."""
    rhythm, name = cohort.rhythm, f"{type(cohort.rhythm).__name__}.triggered_by"
    try:
        triggers = rhythm.triggered_by
        if not isinstance(triggers, str):
            return [str(one) for one in triggers]
    except BaseException as error:
        raise raised_by("rhythm", rhythm, error, name=name, cohort=cohort.name) from error
    problem = f"is {triggers!r}; write a set of words, {{{triggers!r}}}"
    raise wrong_result("rhythm", rhythm, problem, name=name, cohort=cohort.name)


def _check_handles(name: str, cohorts: Sequence[Cohort]) -> set[str]:
    handles = [handle for cohort in cohorts for handle in handles_of(cohort.personas)]
    unique = set(handles)
    if len(unique) < len(handles):
        twice = _twice(handles)
        raise ScenarioError(
            f"{name}: {len(twice)} persona ids are used twice, such as {twice[0]!r}; "
            "an id names one persona, so rename one of them"
        )
    return unique


def _check_ties(name: str, ties: Ties | TieBuilder, handles: set[str]) -> None:
    if callable(ties):
        return
    for number, tie in enumerate(ties):
        pair = isinstance(tie, Sequence) and not isinstance(tie, str) and len(tie) == 2
        if not pair or not all(isinstance(handle, str) for handle in tie):
            raise ScenarioError(
                f"{name}: tie {number} is {shown(tie)}; a tie is (follower, "
                "followee), two handles such as ('ann', 'ben')"
            )
        for handle in tie:
            if handle not in handles:
                raise ScenarioError(
                    f"{name}: tie {number} ({tie[0]} follows {tie[1]}) names @{handle}, "
                    f"who is in no cohort{did_you_mean(handle, handles)}"
                )


def _check_turns(name: str, cohorts: Sequence[Cohort], handles: set[str]) -> None:
    for cohort in cohorts:
        rhythm = cohort.rhythm
        if not isinstance(rhythm, NamesSpeakers):
            continue
        if isinstance(rhythm, TakingTurns) and cohort.reacts_in >= rhythm.every:
            raise ScenarioError(
                f"{name}: cohort {cohort.name!r} reacts in {cohort.reacts_in:g} s, but "
                f"turns are {rhythm.every:g} s apart, so the next would speak first; make "
                "reacts_in shorter or the turns longer"
            )
        for speaker in rhythm.all_speakers():
            if speaker not in handles:
                raise ScenarioError(
                    f"{name}: cohort {cohort.name!r} takes turns with @{speaker}, who is "
                    f"in no cohort{did_you_mean(speaker, handles)}"
                )


def _twice(names: list[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
