"""Measures of echo chambers: how many posts members see by others who share an attribute."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from simnet.errors import InputError
from simnet.recording.reading.run import Run
from simnet.world.events import DONE

Codes = npt.NDArray[np.int64]


class LikeMinded(NamedTuple):
    """Exposures of one ranker to posts by others."""

    ranker: str
    """Name of the ranking, as exposures have it."""
    exposures: int
    """Number of exposures whose author and viewer both have the attribute."""
    share: float
    """Share of the exposures with the same value for author and viewer."""
    expected: float
    """That share if the same viewers saw posts drawn uniformly from all posts by others."""

    @property
    def ei_index(self) -> float:
        """External minus internal share, from -1 (only one's own group) to 1.

        From Krackhardt & Stern 1988.
        """
        return 1 - 2 * self.share


def like_minded(run: Run, attribute: str) -> list[LikeMinded]:
    """Compare viewers with the authors of the posts they saw, for each ranker.

    The last row, `all`, is the whole run. Raises InputError if no persona has the attribute.
    """
    return compare(run.read("events"), run.read("exposures"), run.read("personas"), attribute)


def compare(
    events: pa.Table, exposures: pa.Table, personas: pa.Table, attribute: str
) -> list[LikeMinded]:
    """Do what `like_minded` does, from tables."""
    ids = personas["id"].combine_chunks()
    values = _values(personas["attributes"].to_pylist(), attribute)
    group = np.append(values, -1)  # position -1, an unknown member, is in no group
    author = _authors(events, ids)
    viewer = _positions(exposures["who"], ids)
    writer = author[exposures["post"].to_numpy()] if len(exposures) else viewer
    counted = (group[viewer] >= 0) & (group[writer] >= 0) & (viewer != writer)
    viewer, writer = viewer[counted], writer[counted]
    alike = group[viewer] == group[writer]
    expected = _uniform(group, author, viewer)
    rankers = np.asarray(exposures["ranker"].to_pylist(), dtype=np.str_)[counted]
    rows = [
        _row(ranker, alike[rankers == ranker], expected[rankers == ranker])
        for ranker in sorted(set(rankers.tolist()))
    ]
    return [*rows, _row("all", alike, expected)]


def _row(
    ranker: str, alike: npt.NDArray[np.bool_], expected: npt.NDArray[np.float64]
) -> LikeMinded:
    count = len(alike)
    return LikeMinded(
        ranker=ranker,
        exposures=count,
        share=float(alike.mean()) if count else 0.0,
        expected=float(expected.mean()) if count else 0.0,
    )


def _values(rows: Sequence[str], attribute: str) -> Codes:
    """Return a number for each value of an attribute; -1 for personas without it."""
    numbers: dict[str, int] = {}
    values: list[int] = []
    names: dict[str, None] = {}
    for row in rows:
        attributes: dict[str, Any] = json.loads(row)
        names.update(dict.fromkeys(attributes))
        value = attributes.get(attribute)
        values.append(-1 if value is None else numbers.setdefault(str(value), len(numbers)))
    if not numbers:
        raise InputError(
            f"no persona of the run has the attribute {attribute!r}; they have "
            f"{', '.join(names) or 'none'}"
        )
    return np.array(values, np.int64)


def _positions(handles: pa.ChunkedArray, ids: pa.Array) -> Codes:
    found = pc.fill_null(pc.index_in(handles, value_set=ids), -1)
    positions: Codes = found.to_numpy().astype(np.int64)
    return positions


def _authors(events: pa.Table, ids: pa.Array) -> Codes:
    """Return the position of the author of each post."""
    made = events.filter(pc.and_(pc.is_valid(events["made"]), pc.equal(events["outcome"], DONE)))
    posts = made["made"].to_numpy()
    authors = np.full(int(posts.max(initial=-1)) + 1, -1, np.int64)
    authors[posts] = _positions(made["who"], ids)
    return authors


def _uniform(group: Codes, author: Codes, viewer: Codes) -> npt.NDArray[np.float64]:
    """Return, for each exposure, the share of posts by others that are by the viewer's group."""
    wrote = np.bincount(author[group[author] >= 0], minlength=len(group))
    per_group = np.bincount(group[author][group[author] >= 0], minlength=int(group.max()) + 1)
    alike = per_group[group[viewer]] - wrote[viewer]
    others = wrote.sum() - wrote[viewer]
    share: npt.NDArray[np.float64] = alike / np.maximum(others, 1)
    return share
