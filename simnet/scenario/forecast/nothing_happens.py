"""Finds cohorts in which nothing can happen, and says why: nobody wakes, or sees, or can act."""

from collections.abc import Collection, Iterator
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from simnet import draws
from simnet.agents.behaviours.standard import silent
from simnet.clock import Seconds, format_time
from simnet.foundation.text import counted
from simnet.scenario.cohort import Cohort, Cue, handles_of
from simnet.scenario.cue_checks import PUBLISHING
from simnet.scenario.forecast.expected_ties import expected_ties
from simnet.scenario.forecast.expected_turns import POSTING, expected_of
from simnet.scenario.initial_network import network_of
from simnet.scenario.interventions.presence import acts_of
from simnet.scenario.scenario import Scenario
from simnet.scenario.timing.by_persona import ByPersona
from simnet.scenario.timing.churn import Between
from simnet.scenario.timing.diurnal import Diurnal
from simnet.scenario.timing.rhythms import Exponential, Never, OnPost, Steps, TakingTurns
from simnet.world.actions import Action, fields_of
from simnet.world.feeds.sources import following, reported
from simnet.world.state.network import Indices
from simnet.world.verbs import CreateGroup, Pass, Report, SearchMembers, SearchPosts, Trend

FEW = 0.5
"""A cohort of which fewer turns are expected is one of which probably nobody wakes."""
MOST_PEOPLE, MOST_TIES = 50_000, 5_000_000
"""In larger scenarios the network is not drawn only to look who follows whom."""
_FINDING = (SearchPosts, SearchMembers, Trend)
"""Verbs that show something which is in no feed."""


def cues_of(scenario: Scenario) -> list[Cue]:
    """List the cues, and what interventions let people do."""
    return [*scenario.cues, *acts_of(scenario.interventions)]


def anybody_wakes(scenario: Scenario) -> bool:
    """Whether any turn can come of a scenario. Costs little unless there is none."""
    cues = any(cue.at <= scenario.lasts for cue in cues_of(scenario))
    for cohort in scenario.cohorts:
        if len(cohort.personas) and cohort.rhythm.triggered_by and cues:
            return True
        if isinstance(cohort.rhythm, Never):
            continue
        for who in handles_of(cohort.personas):
            try:
                first = cohort.rhythm.first(who, draws.Draw(scenario.seed, who, 0, "wake"))
                wakes = first is not None and not first > scenario.lasts
            except BaseException:  # noqa: BLE001  (the run tells of it, with its place)
                wakes = True
            if wakes:
                return True
    return False


def idle_cohorts(scenario: Scenario) -> list[str]:
    """Warn of cohorts in which nothing can happen, a sentence each."""
    found = [
        f"cohort {cohort.name} has no personas"
        for cohort in scenario.cohorts
        if not cohort.personas
    ]
    cohorts = [cohort for cohort in scenario.cohorts if cohort.personas]
    if not cohorts:
        return found
    asleep = {cohort.name: why for cohort in cohorts if (why := _asleep(scenario, cohort))}
    cued = {cue.who for cue in cues_of(scenario) if cue.at <= scenario.lasts}
    if all(isinstance(cohort.rhythm, Never) for cohort in cohorts) and not cued:
        found += [
            f"about 0 turns: nobody of cohort {cohort.name} wakes (Never), and there are no cues"
            for cohort in cohorts
        ]
    found += asleep.values()
    awake = [
        cohort
        for cohort in cohorts
        if cohort.name not in asleep and not isinstance(cohort.rhythm, Never)
    ]
    if awake and not _anybody_begins(scenario, awake):
        return found + [
            f"about 0 turns: nobody of cohort {cohort.name} wakes, for "
            f"{type(cohort.rhythm).__name__} waits for what others do, and nobody begins; add a "
            "cue, or let somebody wake by themselves"
            for cohort in awake
        ]
    done = {verb for cohort in awake for verb in cohort.verbs}
    done |= {type(cue.does) for cue in cues_of(scenario) if cue.at <= scenario.lasts}
    makes_posts = any(verb.relation == "post" for verb in done) or _odd(awake)
    for cohort in awake:
        found += _window(scenario, cohort)
        found += _powerless(scenario, cohort, done, makes_posts=makes_posts)
    few = sum(len(cohort.personas) for cohort in scenario.cohorts) <= MOST_PEOPLE
    if few and expected_ties(scenario) <= MOST_TIES:
        found += _alone(scenario, awake, cued)
    return found


# -- nobody wakes -------------------------------------------------------------------------------


def _asleep(scenario: Scenario, cohort: Cohort) -> str | None:
    """Say why nobody of a cohort wakes by its own rhythm; None if somebody does or none should."""
    rhythm = cohort.rhythm
    if isinstance(rhythm, Never) or rhythm.triggered_by:
        return None
    turns = expected_of(scenario, cohort)
    if turns >= FEW:
        return None
    return (
        f"about {counted(round(turns), 'turn')}: nobody of cohort {cohort.name} wakes within "
        f"{format_span(scenario.lasts)}{_reason(cohort, scenario.lasts)}"
    )


def _reason(cohort: Cohort, lasts: Seconds) -> str:
    rhythm = cohort.rhythm.rhythm if isinstance(cohort.rhythm, Between) else cohort.rhythm
    if isinstance(rhythm, ByPersona):
        rhythm = rhythm.of(handles_of(cohort.personas)[0])
    match rhythm:
        case Diurnal(starts=starts):
            begins = "midnight" if not (starts.hour or starts.minute) else f"{starts:%H:%M}"
            return f" (Diurnal begins at {begins}); let it last longer, or set `starts`"
        case Exponential(mean=mean):
            return f" (they wake every {format_span(mean)} on average)"
        case Steps(offset=offset) if offset > lasts:
            return f" (their first step is at {format_time(offset)})"
        case TakingTurns():
            return " (none of them is in the order of TakingTurns)"
    return ""


def _anybody_begins(scenario: Scenario, awake: list[Cohort]) -> bool:
    """Whether somebody acts without being woken by others."""
    cued = any(cue.at <= scenario.lasts for cue in cues_of(scenario))
    return cued or any(expected_of(scenario, cohort) >= FEW for cohort in awake)


# -- nobody sees anything -----------------------------------------------------------------------


def _alone(scenario: Scenario, awake: list[Cohort], cued: set[str]) -> Iterator[str]:
    """Warn of cohorts whose feeds, or wakes, depend on people who never post."""
    concerned = [
        cohort
        for cohort in awake
        if scenario.feed_of(cohort).reads is following or isinstance(cohort.rhythm, OnPost)
    ]
    if not concerned:
        return
    handles = scenario.handles()
    followers, followees = network_of(scenario, handles)
    posting = _posting(scenario, awake, handles)
    starts = dict(
        zip(
            (cohort.name for cohort in scenario.cohorts),
            accumulate([0, *(len(cohort.personas) for cohort in scenario.cohorts)]),
            strict=False,
        )
    )
    for cohort in concerned:
        start = starts[cohort.name]
        mine = (followers >= start) & (followers < start + len(cohort.personas))
        mine &= followers != followees
        problem = _follows_nobody(cohort, followees[mine], posting)
        if problem is not None:
            yield problem + _consequence(scenario, cohort)


def _posting(scenario: Scenario, awake: list[Cohort], handles: list[str]) -> npt.NDArray[np.bool_]:
    """Mark everybody who may put a post into the feeds of followers."""
    sizes = [len(cohort.personas) for cohort in scenario.cohorts]
    names = {cohort.name for cohort in awake}
    posting = np.repeat(
        [
            cohort.name in names
            and cohort.behaviour is not silent
            and any(verb.relation in POSTING for verb in cohort.verbs)
            for cohort in scenario.cohorts
        ],
        sizes,
    )
    index = {handle: position for position, handle in enumerate(handles)}
    for cue in cues_of(scenario):
        if cue.at <= scenario.lasts and cue.does.relation in POSTING:
            posting[index[cue.who]] = True
    return posting


def _follows_nobody(
    cohort: Cohort, followed: Indices, posting: npt.NDArray[np.bool_]
) -> str | None:
    if not len(followed):
        return f"nobody in {cohort.name} follows anyone"
    if not posting[followed].any():
        return f"nobody whom {cohort.name} follows ever posts"
    return None


def _consequence(scenario: Scenario, cohort: Cohort) -> str:
    if isinstance(cohort.rhythm, OnPost):
        return (
            f", so nobody of {cohort.name} wakes, for OnPost waits for posts of those they follow"
        )
    feed = scenario.feed_of(cohort)
    if feed.suggests is not None or any(verb in _FINDING for verb in cohort.verbs):
        return ", so their feeds stay empty until they follow somebody"
    return (
        ", so their feeds stay empty; give the cohort `follows`, the scenario `ties`, or the feed "
        "another source, such as reads=everything"
    )


def _window(scenario: Scenario, cohort: Cohort) -> Iterator[str]:
    """Warn of a feed that forgets what was posted between two wakes."""
    window = scenario.feed_of(cohort).window
    match cohort.rhythm:
        case Exponential(mean=gap, triggered_by=by) | Diurnal(mean=gap, triggered_by=by):
            pass
        case Steps(every=gap, triggered_by=by):
            pass
        case _:
            return
    if gap > window and not by:
        yield (
            f"cohort {cohort.name} wakes every {format_span(gap)}, but the window of its feed is "
            f"{format_span(window)}, so older posts are never seen; make the window longer"
        )


# -- nobody can do anything ---------------------------------------------------------------------


def _powerless(
    scenario: Scenario, cohort: Cohort, done: Collection[type[Action]], *, makes_posts: bool
) -> Iterator[str]:
    """Warn of a cohort whose verbs all need what there never is; `done` is what anybody may do."""
    verbs = [verb for verb in cohort.verbs if verb is not Pass]
    if not verbs:
        return
    names = ", ".join(verb.verb for verb in verbs)
    need = "needs" if len(verbs) == 1 else "need"
    if not makes_posts and all(_needs(verb, "post") for verb in verbs):
        yield f"cohort {cohort.name} can never act: {names} {need} a post, and nobody writes one"
    elif all(_needs(verb, "group") for verb in verbs) and CreateGroup not in done:
        yield f"cohort {cohort.name} can never act: {names} {need} a group, and nobody makes one"
    elif scenario.feed_of(cohort).reads is reported and Report not in done:
        yield (
            f"cohort {cohort.name} sees what was reported, and nobody can report; give others the "
            "verb Report"
        )


def _odd(awake: list[Cohort]) -> bool:
    """Whether a cohort has verbs of the user's own that may make posts."""
    return any(
        not verb.__module__.startswith("simnet.") and verb.relation in {*PUBLISHING, "none"}
        for cohort in awake
        for verb in cohort.verbs
    )


def _needs(verb: type[Action], kind: str) -> bool:
    return any(field.kind == kind for field in fields_of(verb))


def format_span(span: Seconds) -> str:
    """Write a length of time as it is said: 30 min, 2 h, 1.5 days."""
    for unit, seconds in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if span >= seconds:
            return f"{span / seconds:.3g} {unit if span != seconds or unit != 'days' else 'day'}"
    return f"{span:g} s"
