"""The boundary to sources, rankings and recommendations, which users may write.

What they raise, or return and may not, becomes a UserCodeError.
"""

from collections.abc import Mapping, Sequence
from math import isnan
from typing import TypedDict

from simnet.clock import Seconds
from simnet.foundation.text import counted
from simnet.foundation.user_code import raised_by, shown, wrong_result
from simnet.world.feeds.recommendations import Recommendation
from simnet.world.feeds.sources import (
    AnySource,
    Entry,
    Look,
    look_of,
    takes_look,
)
from simnet.world.state.posts import Post
from simnet.world.state.world_state import WorldState


class Whose(TypedDict):
    """The fields of an error that say for whom a function ran."""

    cohort: str
    handle: str


def whose(world: WorldState, viewer: int) -> Whose:
    """Say for whom a function ran."""
    return Whose(cohort=world.cohorts[viewer], handle=world.handles[viewer])


_NO_LISTS = (Mapping, set, frozenset, str, bytes)
"""Types that have a length and are no list of scores."""


def problem_of_scores(posts: Sequence[Post], scores: object) -> str | None:
    """Say what is wrong with the scores of a ranking; None if there is a number for each post."""
    try:
        count = len(scores)  # type: ignore[arg-type]
        if type(scores) is not list and isinstance(scores, _NO_LISTS):
            count = -1
        elif count == len(posts):
            nan = any(map(isnan, scores))  # type: ignore[call-overload]
            return "gave a score that is not a number" if nan else None
    except Exception:  # noqa: BLE001  (whatever a value of the user raises)
        count = -1
    if count < 0:
        return f"returned {shown(scores)}; return a list with a number for each post"
    return f"gave {counted(count, 'score')} for {counted(len(posts), 'post')}"


def found_entries(
    world: WorldState,
    viewer: int,
    source: AnySource,
    first: Entry,
    limit: int,
    now: Seconds,
    *,
    turn: int,
    seed: int,
) -> list[Entry]:
    """Return the entries that a source finds; `turn` and `seed` decide what it draws.

    Raises UserCodeError if they are not usable.
    """
    look = None
    if takes_look(source):
        look = look_of(world, viewer, now, turn=turn, seed=seed)
    return found_by(source, world, viewer, first, limit, look)


def found_by(
    source: AnySource,
    world: WorldState,
    viewer: int,
    first: Entry,
    limit: int,
    look: Look | None,
) -> list[Entry]:
    """Return the entries that a source finds, which needs the look if it takes one.

    Raises UserCodeError if they are not usable.
    """
    try:
        if takes_look(source):
            entries = source(world, viewer, first, limit, look)  # type: ignore[call-arg,arg-type]
        else:
            entries = source(world, viewer, first, limit)  # type: ignore[call-arg]
    except BaseException as error:
        raise raised_by("source", source, error, **whose(world, viewer)) from error
    end = len(world.timeline)
    if source.__module__[:7] == "simnet." and (
        not entries or (entries[-1] >= 0 and entries[0] < end)
    ):
        return entries
    return _checked("source", source, entries, end, "entries of the timeline", world, viewer)


def suggested_members(
    world: WorldState, viewer: int, suggests: Recommendation, most: int, seed: int
) -> list[int]:
    """Return the members that a recommendation suggests.

    Raises UserCodeError if they are not usable.
    """
    try:
        members = suggests(world.network, viewer, most, seed)
    except BaseException as error:
        raise raised_by("recommendation", suggests, error, **whose(world, viewer)) from error
    if suggests.__module__[:7] == "simnet.":
        return members
    return _checked(
        "recommendation", suggests, members, len(world.handles), "members", world, viewer
    )


def _checked(
    kind: str,
    function: object,
    found: object,
    end: int,
    what: str,
    world: WorldState,
    viewer: int,
) -> list[int]:
    """Return a list of positions below `end`. Raises UserCodeError if it is none."""
    problem = f"returned {shown(found)}; return a list with the numbers of {what}"
    if isinstance(found, Sequence) and not isinstance(found, str | bytes):
        wrong = [one for one in found if type(one) is not int or not 0 <= one < end]
        if not wrong:
            return list(found)
        which = f"which are numbers from 0 to {end - 1}" if end else "of which there is none yet"
        problem = f"returned {shown(wrong[0])} among {what}, {which}"
    raise wrong_result(kind, function, problem, **whose(world, viewer))
