"""Sources find what a member might be shown, among the entries of the world's timeline."""

import inspect
from bisect import bisect_left
from collections.abc import Hashable, Sequence
from functools import cache
from heapq import merge
from itertools import islice
from typing import NamedTuple, Protocol, TypeAlias, cast

from simnet.clock import Seconds
from simnet.draws import Draw
from simnet.foundation.arguments import checked
from simnet.world.state.scenario_facts import ScenarioFacts
from simnet.world.state.world_state import WorldState

Entry: TypeAlias = int
"""Position in the world's timeline, where each post and each repost has an entry."""
READ_AT_ONCE = 2_000
"""How many of the newest entries a source reads that has no index."""


class Look(NamedTuple):
    """What a source may know of the look for which it finds posts."""

    now: Seconds
    """Simulated time."""
    who: str
    """The viewer's handle."""
    cohort: str
    """Name of the viewer's cohort."""
    turn: int
    """The viewer's turn, from 0."""
    draw: Draw
    """Seeded numbers in [0, 1), others at every look of every member: `draw()` is the next one."""
    scenario: ScenarioFacts
    """What is known of the scenario."""


def look_of(world: WorldState, viewer: int, now: Seconds, *, turn: int, seed: int) -> Look:
    """Make the look of a viewer; `seed` and `turn` decide what it draws."""
    who = world.handles[viewer]
    return Look(now, who, world.cohorts[viewer], turn, Draw(seed, who, turn, "feed"), world.facts)


class Source(Protocol):
    """Find what a viewer might be shown: timeline entries since `first`, newest first.

    A source that takes a fifth argument gets the Look. Entries are positions in
    `world.timeline`; it may read the world and must not change it.
    """

    def __call__(self, world: WorldState, viewer: int, first: Entry, limit: int) -> list[Entry]:
        """List at most `limit` entries, newest first."""
        ...


class SourceOfLook(Protocol):
    """A source that takes the look: to draw numbers, or to read the scenario's facts."""

    def __call__(
        self, world: WorldState, viewer: int, first: Entry, limit: int, look: Look, /
    ) -> list[Entry]:
        """List at most `limit` entries, newest first."""
        ...


AnySource: TypeAlias = Source | SourceOfLook


def takes_look(source: AnySource) -> bool:
    """Whether a source has a fifth parameter."""
    try:
        return _has_fifth_known(cast("Hashable", source))
    except TypeError:  # it cannot be hashed
        return _has_fifth(source)


@cache
def _has_fifth_known(source: Hashable) -> bool:
    return _has_fifth(cast("AnySource", source))


def _has_fifth(source: AnySource) -> bool:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(source).parameters.values()
    return sum(parameter.kind in kinds for parameter in parameters) > 4


def following(world: WorldState, viewer: int, first: Entry, limit: int) -> list[Entry]:
    """Offer what the people one follows wrote or reposted, the newest few of each."""
    # Members are in range; to clip them is faster than to check that.
    entries = world.recent.take(world.network.followees(viewer), axis=0, mode="clip").ravel()
    entries.sort()
    newest: list[Entry] = entries[max(len(entries) - limit, 0) :].tolist()
    if newest and newest[0] < first:
        del newest[: bisect_left(newest, first)]
    newest.reverse()
    return newest


def everything(world: WorldState, viewer: int, first: Entry, limit: int) -> list[Entry]:
    """Offer whatever was posted last, whoever wrote it."""
    last = len(world.timeline)
    return list(range(last - 1, max(first, last - limit) - 1, -1))


def reported(world: WorldState, viewer: int, first: Entry, limit: int) -> list[Entry]:
    """Offer what was reported and still stands: the queue of a moderator."""
    return [world.entry_of[post] for post in world.report_queue[: -limit - 1 : -1]]


@checked
def popular(most: int) -> Source:
    """Offer at most `most` of the posts that were engaged with most often lately, by anybody.

    Lately is within the last 1,024 likes, feelings, answers, quotes and reposts. Cost per view:
    one sort of at most 1,024 numbers if anything was engaged with since the last one.
    """

    def by_popularity(world: WorldState, viewer: int, first: Entry, limit: int) -> list[Entry]:
        top = world.engagement.popular(min(most, limit))
        entries = [world.entry_of[post] for post in top]
        return sorted((entry for entry in entries if entry >= first), reverse=True)

    return by_popularity


@checked
def written_by(*cohorts: str) -> Source:
    """Offer what members of some cohorts wrote or reposted, among the 2,000 newest entries.

    Nobody has to follow them; so a newspaper reaches its readers.
    """
    names = frozenset(cohorts)

    def by_cohorts(world: WorldState, viewer: int, first: Entry, limit: int) -> list[Entry]:
        last = len(world.timeline)
        entries = range(last - 1, max(first, last - READ_AT_ONCE) - 1, -1)
        written = (entry for entry in entries if world.cohorts[world.timeline[entry][0]] in names)
        return list(islice(written, limit))

    return by_cohorts


def communities(world: WorldState, viewer: int, first: Entry, limit: int) -> list[Entry]:
    """Offer what was posted to the communities one is in, the newest of all."""
    every, joined = world.forum.communities, world.forum.joined.get(viewer, ())
    newest = [_newest(every[name].entries, first, limit) for name in joined]
    return list(islice(merge(*newest, reverse=True), limit))


@checked
def community(name: str) -> Source:
    """Offer what was posted to one community, whether one is in it or not."""

    def of_community(world: WorldState, viewer: int, first: Entry, limit: int) -> list[Entry]:
        found = world.forum.communities.get(name)
        return [] if found is None else _newest(found.entries, first, limit)

    return of_community


def _newest(entries: Sequence[Entry], first: Entry, limit: int) -> list[Entry]:
    """Return the last of some ascending entries, newest first."""
    return [entry for entry in entries[: -limit - 1 : -1] if entry >= first]
