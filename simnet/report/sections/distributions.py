"""How exposures and reactions are shared out among posts and authors."""

from collections.abc import Mapping, Sequence

import numpy as np

from simnet.analysis.inequality import gini
from simnet.report.parts import Block, Grid, Notes, Picture, Section
from simnet.report.pictures.run_charts import survival
from simnet.report.run_tables import RunTables

_MOST_STEPS = 120


def distributions(tables: RunTables) -> Section:
    """Show how many exposures, reactions, replies and reposts posts have."""
    posts = tables.made["made"].to_pylist()
    title = "Exposures and reactions"
    if not posts:
        return Section("exposures", title, [Notes(["Nobody posted anything."])])
    counts: dict[str, Mapping[int, int]] = {
        "exposures": tables.shown,
        "reactions": tables.counts_by_post("reaction"),
        "replies": tables.counts_by_post("reply"),
        "reposts and quotes": tables.counts_by_post("repost", "quote"),
    }
    values = {name: [one.get(post, 0) for post in posts] for name, one in counts.items()}
    values = {name: one for name, one in values.items() if any(one)}
    blocks: list[Block] = [_summary(values, tables)] if values else []
    if values:
        blocks.append(_picture(values))
    else:
        blocks.append(Notes(["No post was shown to anybody, and nobody reacted."]))
    return Section("exposures", title, blocks)


def survival_rows(name: str, values: Sequence[int]) -> list[dict[str, float | str]]:
    """Return which share of values is at least so large, for each value that occurs.

    At most 120 rows: of more values some are left out, evenly.
    """
    found = np.asarray(values)
    levels = np.unique(found)
    if len(levels) > _MOST_STEPS:
        kept = np.linspace(0, len(levels) - 1, _MOST_STEPS).round().astype(int)
        levels = levels[np.unique(kept)]
    below = np.searchsorted(np.sort(found), levels, side="left")
    return [
        {"kind": name, "least": int(level), "share": float(1 - place / len(found))}
        for level, place in zip(levels, below, strict=True)
    ]


def _picture(values: Mapping[str, Sequence[int]]) -> Picture:
    rows = [row for name, one in values.items() for row in survival_rows(name, one)]
    words = "; ".join(
        f"{name}: median {np.median(one):g}, most {max(one):,}" for name, one in values.items()
    )
    return Picture(
        "distributions",
        "How many exposures, reactions, replies and reposts posts have",
        f"The share of posts with at least so many, by kind. {words}.",
        survival(rows, list(values), "number"),
        rows,
        "The horizontal axis is logarithmic above 1.",
    )


def _summary(values: Mapping[str, Sequence[int]], tables: RunTables) -> Grid:
    rows = []
    authors = tables.made["who"].to_pylist()
    for name, counts in values.items():
        by_author: dict[str, int] = {}
        for author, count in zip(authors, counts, strict=True):
            by_author[author] = by_author.get(author, 0) + count
        found = np.asarray(counts, float)
        rows.append(
            (name, f"{sum(counts):,}", f"{found.mean():.3g}", f"{np.median(found):g}",
             f"{max(counts):,}", f"{gini(found):.3f}",
             f"{gini(np.asarray(list(by_author.values()), float)):.3f}")
        )  # fmt: skip
    heads = ("of posts", "sum", "mean", "median", "most", "Gini of posts", "Gini of authors")
    note = "The Gini coefficient is 0 where all have the same and near 1 where one has all."
    return Grid("Shares of attention", heads, rows, frozenset(range(1, 7)), note)
