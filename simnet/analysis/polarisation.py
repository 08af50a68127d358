"""How much members are shown of those who think alike: echo chambers, measured."""

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
    """What one ranker showed of posts by others."""

    ranker: str
    exposures: int
    """Posts shown whose author and viewer both have the attribute."""
    share: float
    """Share of the exposures with the same value for both."""
    expected: float
    """That share, had the same viewers been shown posts drawn evenly from all by others."""

    @property
    def ei_index(self) -> float:
        """External minus internal share: -1 is alike alone (Krackhardt & Stern 1988)."""
        return 1 - 2 * self.share


def like_minded(run: Run, attribute: str) -> list[LikeMinded]:
    """Compare viewers with the authors of what they were shown, for each ranker and for all.

    The last row, `all`, is the whole run. Raises InputError if no persona has the attribute.
    """
    return compare(run.read("events"), run.read("exposures"), run.read("personas"), attribute)


def compare(
    events: pa.Table, exposures: pa.Table, personas: pa.Table, attribute: str
) -> list[LikeMinded]:
    """Do what `like_minded` does, from tables."""
    ids = personas["id"].combine_chunks()
    values = _values(personas["attributes"].to_pylist(), attribute)
    camp = np.append(values, -1)  # position -1, somebody unknown, is in no camp
    author = _authors(events, ids)
    viewer = _positions(exposures["who"], ids)
    writer = author[exposures["post"].to_numpy()] if len(exposures) else viewer
    counted = (camp[viewer] >= 0) & (camp[writer] >= 0) & (viewer != writer)
    viewer, writer = viewer[counted], writer[counted]
    alike = camp[viewer] == camp[writer]
    expected = _evenly(camp, author, viewer)
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
        ranker,
        count,
        float(alike.mean()) if count else 0.0,
        float(expected.mean()) if count else 0.0,
    )


def _values(rows: Sequence[str], attribute: str) -> Codes:
    """Turn values of an attribute into numbers; -1 for personas without it."""
    numbers: dict[str, int] = {}
    values: list[int] = []
    names: dict[str, None] = {}
    for row in rows:
        told: dict[str, Any] = json.loads(row)
        names.update(dict.fromkeys(told))
        value = told.get(attribute)
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
    """Give the author's position for each post."""
    made = events.filter(pc.and_(pc.is_valid(events["made"]), pc.equal(events["outcome"], DONE)))
    posts = made["made"].to_numpy()
    authors = np.full(int(posts.max(initial=-1)) + 1, -1, np.int64)
    authors[posts] = _positions(made["who"], ids)
    return authors


def _evenly(camp: Codes, author: Codes, viewer: Codes) -> npt.NDArray[np.float64]:
    """For each exposure, the share of posts by others that are by those alike."""
    wrote = np.bincount(author[camp[author] >= 0], minlength=len(camp))
    per_camp = np.bincount(camp[author][camp[author] >= 0], minlength=int(camp.max()) + 1)
    alike = per_camp[camp[viewer]] - wrote[viewer]
    others = wrote.sum() - wrote[viewer]
    share: npt.NDArray[np.float64] = alike / np.maximum(others, 1)
    return share
