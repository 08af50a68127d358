"""How far a post came: what was made of it, who saw it, and how fast."""

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
    """What became of one post. A reply, quote or repost is one level below its post.

    Whoever reposts passes on the post itself, so the reposts of a post are all on one level,
    whosever repost had been seen.
    """

    post: int
    """The post it began with."""
    at: Seconds
    """When it was made."""
    size: int
    """Replies, quotes and reposts below it."""
    depth: int
    """Levels below it."""
    breadth: int
    """Of its largest level."""
    members: int
    """Who replied to, quoted or reposted something of it."""
    half: Seconds | None
    """Time from the post until half of them were there; None if there are none."""
    lasted: Seconds | None
    """Time from the post until the last of them."""
    exposures: int
    """How often the first post was shown."""
    viewers: int
    """To how many it was shown."""
    reach: int
    """To how many any post of the cascade was shown."""


def cascade(
    events: pa.Table, exposures: pa.Table, post: int, relations: Mapping[str, str] = RELATION_OF
) -> Cascade:
    """Follow what came of `post` in the tables of one run.

    `relations` says what each verb is to the post it is about; of a run, `Run.relations`.

    Raises RecordError if no event made it.
    """
    done = events.filter(pc.equal(events["outcome"], DONE))
    first = done.filter(pc.equal(done["made"], post))
    if not len(first):
        raise RecordError(f"no event made post {post}")
    at = first["at"][0].as_py()
    verbs = [verb for verb, relation in relations.items() if relation in SPREADING]
    spread = done.filter(pc.is_in(done["verb"], pa.array(verbs, pa.string())))
    levels = _levels(_integers(spread["post"]), _integers(spread["made"]), post)
    rows = np.concatenate([np.empty(0, np.int64), *levels])
    posts = np.append(_integers(spread["made"])[rows], post)
    times = np.sort(spread["at"].to_numpy()[rows]) - at
    first_shown = pc.equal(exposures["post"], post)
    any_shown = pc.is_in(exposures["post"], pa.array(posts[posts >= 0]))
    return Cascade(
        post=post,
        at=at,
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
    """Find the first post of a member. Raises RecordError if they made none."""
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
    times = {"at", "half", "lasted"}
    kinds = [(name, pa.float64() if name in times else pa.int64()) for name in Cascade._fields]
    return pa.schema([("arm", pa.string()), *kinds])


def _levels(parents: Numbers, made: Numbers, post: int) -> list[Numbers]:
    """List the rows of each level below a post, given what each row was about and made."""
    levels = []
    above = np.array([post])
    while len(rows := np.flatnonzero(np.isin(parents, above))):
        levels.append(rows)
        above = made[rows]
        above = above[above >= 0]
    return levels


def _integers(column: pa.ChunkedArray) -> Numbers:
    """Turn a column into an array, with -1 where there is nothing."""
    numbers: Numbers = pc.fill_null(column, -1).to_numpy()
    return numbers


def _distinct(column: Any) -> int:
    count: int = pc.count_distinct(column).as_py()
    return count


def _at(times: Times, place: int) -> Seconds | None:
    return float(times[place]) if len(times) else None
