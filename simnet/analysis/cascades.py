"""Cascades of posts: their size, depth, speed, reach and structural virality."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from simnet.analysis.cascade_tree import integers, structural_virality, tree_of
from simnet.clock import Seconds
from simnet.errors import RecordError
from simnet.world.events import DONE
from simnet.world.verbs import RELATION_OF

Times = npt.NDArray[np.float64]


class Cascade(NamedTuple):
    """Measures of one post's cascade, as a tree; see `cascade_tree`.

    A reply or quote is one level below its post, a repost one level below the repost in which
    its author saw the post, or below the post itself.
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
    structural_virality: float | None = None
    """Mean distance between two nodes of the tree (Goel et al. 2016): near 2 if all come from the
    original, more the longer the chains are; None if `size` is 0."""


def cascade(
    events: pa.Table, exposures: pa.Table, post: int, relations: Mapping[str, str] = RELATION_OF
) -> Cascade:
    """Measure the cascade of `post`, from the tables of one run.

    `relations` gives the relation of each verb to the post it is about; `Run.relations` has
    them, those of your own verbs too. Raises RecordError if no event made the post, and without
    `relations` if a verb of your own made posts.
    """
    tree = tree_of(events, exposures, post, relations)
    start = tree.nodes["time"][0].as_py()
    below = tree.nodes.slice(1)
    times = np.sort(below["time"].to_numpy()) - start
    levels = np.bincount(tree.depths())
    posts = np.append(integers(below["made"]), post)
    first_shown = pc.equal(exposures["post"], post)
    any_shown = pc.is_in(exposures["post"], pa.array(posts[posts >= 0]))
    return Cascade(
        post=post,
        time=start,
        size=len(below),
        depth=len(levels) - 1,
        breadth=int(max(levels[1:], default=0)),
        members=_distinct(below["who"]),
        half=_at(times, (len(times) + 1) // 2 - 1),
        lasted=_at(times, len(times) - 1),
        exposures=pc.sum(first_shown).as_py() or 0,
        viewers=_distinct(exposures["who"].filter(first_shown)),
        reach=_distinct(exposures["who"].filter(any_shown)),
        structural_virality=structural_virality(tree.parents),
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
    decimal = {"time", "half", "lasted", "structural_virality"}
    kinds = [(name, pa.float64() if name in decimal else pa.int64()) for name in Cascade._fields]
    return pa.schema([("arm", pa.string()), *kinds])


def _distinct(column: Any) -> int:
    count: int = pc.count_distinct(column).as_py()
    return count


def _at(times: Times, index: int) -> Seconds | None:
    return float(times[index]) if len(times) else None
