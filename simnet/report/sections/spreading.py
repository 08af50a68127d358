"""The largest cascades of a run: their measures, and their trees."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from simnet.analysis.cascade_tree import cascade_tree
from simnet.analysis.cascades import Cascade, cascade
from simnet.clock import HOUR, format_time
from simnet.foundation.text import counted
from simnet.report.parts import Block, Grid, Notes, Picture, Section
from simnet.report.pictures.run_charts import cascade_picture
from simnet.report.run_tables import RunTables

_MEASURED = 5
_DRAWN = 2
_MOST_NODES = 400


def cascades(tables: RunTables, drawn: int = _DRAWN, prefix: str = "cascade") -> Section:
    """Measure the largest cascades and draw the first of them."""
    roots = largest(tables, _MEASURED)
    title = "Cascades"
    if not roots:
        return Section("cascades", title, [Notes(["No post was answered, quoted or reposted."])])
    events, exposures = _about(tables, roots)
    found = [cascade(events, exposures, root, tables.run.relations) for root in roots]
    authors = dict(
        zip(tables.made["made"].to_pylist(), tables.made["who"].to_pylist(), strict=True)
    )
    blocks: list[Block] = [_table(found, authors)]
    for place, one in enumerate(found[:drawn], start=1):
        tree = cascade_tree(events, exposures, one.post, tables.run.relations)
        blocks.append(_picture(f"{prefix}-{place}", one, tree, authors.get(one.post, "")))
    intro = (
        "A reply or quote is one level below its post, a repost below the repost in which its "
        "author saw the post. Structural virality is the mean distance between two nodes (Goel et "
        "al. 2016): near 2 if all come from the original, more the longer the chains are."
    )
    return Section("cascades", title, blocks, intro)


def largest(tables: RunTables, most: int) -> list[int]:
    """Return the posts that began the largest cascades, largest first."""
    authored = set(tables.thread_of)
    sizes = [(size, root) for root, size in tables.spread.items() if root in authored]
    return [root for _, root in sorted(sizes, key=lambda one: (-one[0], one[1]))[:most]]


def _about(tables: RunTables, roots: Sequence[int]) -> tuple[pa.Table, pa.Table]:
    """Select the events and exposures that may belong to some cascades, quotes of quotes too."""
    wanted, above = set(roots), set(roots)
    pairs = list(zip(tables.made["post"].to_pylist(), tables.made["made"].to_pylist(), strict=True))
    below: dict[int, list[int]] = {}
    for post, made in pairs:
        if post is not None:
            below.setdefault(post, []).append(made)
    while above:
        above = {made for post in above for made in below.get(post, ())} - wanted
        wanted |= above
    posts = pa.array(sorted(wanted), pa.int64())
    done = tables.done
    chosen = pc.or_kleene(pc.is_in(done["post"], posts), pc.is_in(done["made"], posts))
    events = done.filter(pc.fill_null(chosen, fill_value=False))
    return events, tables.exposures_of(sorted(wanted))


def _table(found: Sequence[Cascade], authors: dict[int, str]) -> Grid:
    rows = [
        (
            f"#{one.post} by @{authors.get(one.post, '')}",
            f"{one.size:,}", str(one.depth), f"{one.breadth:,}", f"{one.members:,}",
            f"{one.reach:,}", "" if one.half is None else format_time(one.half),
            "" if one.structural_virality is None else f"{one.structural_virality:.2f}",
        )
        for one in found
    ]  # fmt: skip
    heads = ("post", "size", "depth", "breadth", "members", "reach", "half of it after",
             "structural virality")  # fmt: skip
    caption = f"The largest cascades, {len(rows)} shown"
    return Grid(caption, heads, rows, frozenset(range(1, 8)))


def _picture(name: str, one: Cascade, tree: pa.Table, author: str) -> Picture:
    cut = tree.slice(0, _MOST_NODES)
    nodes = cut.to_pylist()
    places = order_of(cut["parent"].to_pylist())
    start = nodes[0]["time"]
    rows = []
    for node, row in enumerate(nodes):
        above = row["parent"]
        rows.append(
            {
                "who": f"@{row['who']}",
                "verb": row["verb"],
                "hours": (row["time"] - start) / HOUR,
                "place": places[node],
                "depth": row["depth"],
                "from_hours": None if above is None else (nodes[above]["time"] - start) / HOUR,
                "from_place": None if above is None else places[above],
            }
        )
    verbs = sorted({row["verb"] for row in rows})
    note = f"The first {_MOST_NODES:,} of {len(tree):,} nodes." if len(tree) > _MOST_NODES else ""
    return Picture(
        name,
        f"The cascade of post #{one.post} by @{author}",
        f"A tree over time: {counted(one.size, 'reply, quote or repost')} by "
        f"{counted(one.members, 'member')}, {counted(one.depth, 'level')} deep."
        .replace("reply, quote or reposts", "replies, quotes and reposts"),
        cascade_picture(rows, verbs),
        rows,
        note,
    )  # fmt: skip


def order_of(parents: Sequence[int | None]) -> list[int]:
    """Give each node of a tree a place of its own: those below a node follow it, eldest first."""
    below: dict[int, list[int]] = {}
    for node, parent in enumerate(parents):
        if parent is not None:
            below.setdefault(parent, []).append(node)
    places = [0] * len(parents)
    waiting, place = [0], 0
    while waiting:
        node = waiting.pop()
        places[node] = place
        place += 1
        waiting.extend(reversed(below.get(node, ())))
    return places
