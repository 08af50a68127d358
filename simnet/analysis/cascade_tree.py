"""Who passed a post on to whom: a cascade as a tree, and its structural virality.

A repost is below the repost in which its author saw the post, by the column `via` of the
exposures; where that is null it is below the post itself. Replies and quotes are below the post
they answer or quote.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

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
Look = tuple[Seconds, str | None]
"""When a post was shown to somebody, and by whose repost."""


class Tree(NamedTuple):
    """The original post and what was made of it: a node each, in the order of time."""

    nodes: pa.Table
    """The events of the nodes, the original's first."""
    parents: list[int]
    """For each node the place of the one above it, which is earlier; -1 for the original."""

    def depths(self) -> list[int]:
        """Count the levels above each node."""
        depths = [0]
        for parent in self.parents[1:]:
            depths.append(depths[parent] + 1)
        return depths


def cascade_tree(
    events: pa.Table, exposures: pa.Table, post: int, relations: Mapping[str, str] = RELATION_OF
) -> pa.Table:
    """List the nodes of the cascade of `post`, the original first, then in the order of time.

    The columns are `node` (from 0), `parent` (null for the original), `time` in seconds, `who`,
    `from_whom` (who made the parent), `verb`, `post` (what it is about), `made` (the post it
    made) and `depth`. Takes what `cascade` takes and raises as it does.
    """
    tree = tree_of(events, exposures, post, relations)
    above = pa.array([None, *tree.parents[1:]], pa.int64())
    return pa.table(
        {
            "node": pa.array(range(len(tree.parents)), pa.int64()),
            "parent": above,
            "time": tree.nodes["time"],
            "who": tree.nodes["who"],
            "from_whom": tree.nodes["who"].take(above),
            "verb": tree.nodes["verb"],
            "post": tree.nodes["post"],
            "made": tree.nodes["made"],
            "depth": pa.array(tree.depths(), pa.int64()),
        }
    )


def structural_virality(parents: Sequence[int]) -> float | None:
    """Return the mean distance between two nodes of a tree; None for a tree of one node.

    `parents` gives for each node the place of the one above it, which has to come before it, and
    -1 for the root, which comes first. The mean is over all pairs of different nodes: 2 less
    2/n for a star of n nodes (a broadcast), (n + 1)/3 for a chain. It is the Wiener index
    divided by the number of pairs; each edge is counted once for every pair that it lies
    between, so the time is proportional to n.

    Source: Goel, Anderson, Hofman, Watts 2016, "The Structural Virality of Online Diffusion",
    Management Science 62(1).
    """
    count = len(parents)
    if count < 2:
        return None
    below = [1] * count
    wiener = 0
    for node in range(count - 1, 0, -1):
        wiener += below[node] * (count - below[node])
        below[parents[node]] += below[node]
    return 2 * wiener / (count * (count - 1))


def tree_of(events: pa.Table, exposures: pa.Table, post: int, relations: Mapping[str, str]) -> Tree:
    """Build the tree of a post's cascade.

    Raises RecordError if no event made the post, and if `relations` are the default and another
    verb made posts.
    """
    done = events.filter(pc.equal(events["outcome"], DONE))
    if relations is RELATION_OF:
        making = pc.unique(done.filter(pc.is_valid(done["made"]))["verb"]).to_pylist()
        unknown = sorted(set(making) - RELATION_OF.keys())
        if unknown:
            raise RecordError(
                f"posts were made by {', '.join(unknown)}, whose relation to the post that they "
                "are about is in the run; give `run.relations` as the last argument"
            )
    first = np.flatnonzero(integers(done["made"]) == post)
    if not len(first):
        raise RecordError(f"no event made post {post}")
    verbs = [verb for verb, relation in relations.items() if relation in SPREADING]
    spreading = pc.is_in(done["verb"], pa.array(verbs, pa.string()))
    rows = np.flatnonzero(spreading.to_numpy())
    about, made = integers(done["post"])[rows], integers(done["made"])[rows]
    below = np.sort(np.concatenate([np.empty(0, np.int64), *_levels(about, made, post)]))
    nodes = done.take(pa.array(np.concatenate([first[:1], rows[below]])))
    return Tree(nodes, _parents(nodes, _looks(exposures, nodes), relations))


def _parents(
    nodes: pa.Table, looks: Mapping[tuple[str, int], Sequence[Look]], relations: Mapping[str, str]
) -> list[int]:
    parents = [-1]
    making: dict[int, int] = {nodes["made"][0].as_py(): 0}
    reposting: dict[tuple[str, int], int] = {}
    columns = (nodes[name].to_pylist() for name in ("time", "who", "verb", "post", "made"))
    for node, (time, who, verb, post, made) in enumerate(zip(*columns, strict=True)):
        if not node:
            continue
        parent = making[post]
        if relations[verb] == "repost":
            via = _via(looks.get((who, post), ()), time)
            parent = parent if via is None else reposting.get((via, post), parent)
            reposting[who, post] = node
        if made is not None:
            making[made] = node
        parents.append(parent)
    return parents


def _looks(exposures: pa.Table, nodes: pa.Table) -> Mapping[tuple[str, int], Sequence[Look]]:
    """List by member and post when it was shown to them, and by whose repost, in order of time."""
    found: defaultdict[tuple[str, int], list[Look]] = defaultdict(list)
    if "via" not in exposures.column_names:
        return found
    rows = exposures.filter(pc.is_in(exposures["post"], pc.unique(nodes["post"].drop_null())))
    rows = rows.filter(pc.is_in(rows["who"], pc.unique(nodes["who"])))
    columns = (rows[name].to_pylist() for name in ("time", "who", "post", "via"))
    for time, who, post, via in zip(*columns, strict=True):
        found[who, post].append((time, via))
    for looks in found.values():
        looks.sort(key=_time)
    return found


def _via(looks: Sequence[Look], time: Seconds) -> str | None:
    """Return by whose repost a post was shown last before `time`."""
    place = bisect_right(looks, time, key=_time)
    return looks[place - 1][1] if place else None


def _time(look: Look) -> Seconds:
    return look[0]


def _levels(about: Numbers, made: Numbers, post: int) -> list[Numbers]:
    """Return the rows that are about a post, then those about what these made, and so on."""
    levels = []
    above = np.array([post])
    while len(rows := np.flatnonzero(np.isin(about, above))):
        levels.append(rows)
        above = made[rows]
        above = above[above >= 0]
    return levels


def integers(column: pa.ChunkedArray) -> Numbers:
    """Return a column as an array, with -1 for null."""
    numbers: Numbers = pc.fill_null(column, -1).to_numpy()
    return numbers
