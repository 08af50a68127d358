"""Cascades of posts: their size, depth, speed and reach."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from simnet.clock import Seconds
from simnet.errors import RecordError
from simnet.world.events import DONE
from simnet.world.verbs import RELATION_OF

SPREADING = frozenset({"reply", "quote", "repost"})
"""Relations of verbs that make a post's cascade grow."""

Numbers = npt.NDArray[np.int64]
Times = npt.NDArray[np.float64]


class Cascade(NamedTuple):
    """Measures of one post's cascade. A reply, quote or repost is one level below its post.

    A repost shares the original post even if its author saw it in a repost, so all reposts of a
    post are on one level.
    """

    post: int
    """Id of the original post."""
    time: Seconds
    """When the original post was made."""
    size: int
    """Number of replies, quotes and reposts below the original."""
    depth: int
    """Number of levels below the original."""
    breadth: int
    """Size of the largest level."""
    members: int
    """Number of members who replied, quoted or reposted in it."""
    half: Seconds | None
    """Time from the original until half of `size` was reached; None if `size` is 0."""
    lasted: Seconds | None
    """Time from the original until the last of them; None if `size` is 0."""
    exposures: int
    """How often the original was shown."""
    viewers: int
    """Number of members it was shown to."""
    reach: int
    """Number of members that any post of the cascade was shown to."""


def cascade(
    events: pa.Table, exposures: pa.Table, post: int, relations: Mapping[str, str] = RELATION_OF
) -> Cascade:
    """Measure the cascade of `post`, from the tables of one run.

    `relations` gives the relation of each verb to the post it is about; `Run.relations` has
    them. Raises RecordError if no event made the post.
    """
    done = events.filter(pc.equal(events["outcome"], DONE))
    first = done.filter(pc.equal(done["made"], post))
    if not len(first):
        raise RecordError(f"no event made post {post}")
    start = first["time"][0].as_py()
    verbs = [verb for verb, relation in relations.items() if relation in SPREADING]
    spread = done.filter(pc.is_in(done["verb"], pa.array(verbs, pa.string())))
    levels = _levels(_integers(spread["post"]), _integers(spread["made"]), post)
    rows = np.concatenate([np.empty(0, np.int64), *levels])
    posts = np.append(_integers(spread["made"])[rows], post)
    times = np.sort(spread["time"].to_numpy()[rows]) - start
    first_shown = pc.equal(exposures["post"], post)
    any_shown = pc.is_in(exposures["post"], pa.array(posts[posts >= 0]))
    return Cascade(
        post=post,
        time=start,
        size=len(rows),
        depth=len(levels),
        breadth=max(map(len, levels), default=0),
        members=_distinct(spread["who"].take(pa.array(rows))),
        half=_at(times, (len(times) + 1) // 2 - 1),
        lasted=_at(times, len(times) - 1),
        exposures=pc.sum(first_shown).as_py() or 0,
        viewers=_distinct(exposures["who"].filter(first_shown)),
        reach=_distinct(exposures["who"].filter(any_shown)),
    )


def first_post(events: pa.Table, by: str) -> int:
    """Return the id of a member's first post. Raises RecordError if there is none."""
    made = pc.and_(pc.equal(events["who"], by), pc.is_valid(events["made"]))
    posts = events.filter(pc.and_(made, pc.equal(events["outcome"], DONE)))["made"]
    if not len(posts):
        raise RecordError(f"@{by} posted nothing")
    number: int = pc.min(posts).as_py()
    return number


def compare(
    arms: Mapping[str, tuple[pa.Table, pa.Table]],
    by: str,
    relations: Mapping[str, str] = RELATION_OF,
) -> pa.Table:
    """Compare the cascades of a member's first post: a row for each arm.

    `arms` maps a name to the `events` and the `exposures` of a run. The columns are `arm` and
    the fields of Cascade; times are in seconds. `relations` is as in `cascade`. Raises
    RecordError if `by` posted nothing.
    """
    rows = []
    for arm, (events, exposures) in arms.items():
        found = cascade(events, exposures, first_post(events, by), relations)
        rows.append({"arm": arm, **found._asdict()})
    return pa.Table.from_pylist(rows, schema=_schema())


def _schema() -> pa.Schema:
    times = {"time", "half", "lasted"}
    kinds = [(name, pa.float64() if name in times else pa.int64()) for name in Cascade._fields]
    return pa.schema([("arm", pa.string()), *kinds])


def _levels(parents: Numbers, made: Numbers, post: int) -> list[Numbers]:
    """Return the rows of each level below a post.

    `parents` and `made` give, for each row, the post it refers to and the post it made.
    """
    levels = []
    above = np.array([post])
    while len(rows := np.flatnonzero(np.isin(parents, above))):
        levels.append(rows)
        above = made[rows]
        above = above[above >= 0]
    return levels


def _integers(column: pa.ChunkedArray) -> Numbers:
    """Return a column as an array, with -1 for null."""
    numbers: Numbers = pc.fill_null(column, -1).to_numpy()
    return numbers


def _distinct(column: Any) -> int:
    count: int = pc.count_distinct(column).as_py()
    return count


def _at(times: Times, index: int) -> Seconds | None:
    return float(times[index]) if len(times) else None
