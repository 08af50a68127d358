"""Whom to suggest to follow; see Liben-Nowell & Kleinberg 2007, "The link-prediction problem".

Each recommendation looks at a bounded part of the network, so it costs the same among a
thousand members and a million: at most `REACH` of those one follows and `REACH` of those each
of them follows, drawn by the key where there are more. Equals are ordered by chance.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from simnet import draws
from simnet.foundation.numbers.portable_math import log
from simnet.foundation.numbers.splitmix import mixed
from simnet.world.state.network import Indices, Network

Scores: TypeAlias = npt.NDArray[np.float64]

REACH = 48
WALKS = 32
STEPS = 4
"""Steps of one random walk at most, before it starts anew."""
TRIES = 8
"""Ties drawn for each suggestion that is asked for."""


class Recommendation(Protocol):
    """Suggest members that `who` does not follow."""

    def __call__(self, network: Network, who: int, limit: int, key: int) -> list[int]:
        """List at most `limit` members, best first; `key` is 64 bits of chance."""
        ...


def common_neighbours(network: Network, who: int, limit: int, key: int) -> list[int]:
    """Suggest whom most of those one follows follow (Newman 2001).

    Of one who follows more than `REACH`, only as many are looked at, and count for the others.
    """
    followed = [network.followees(friend) for friend in _friends(network, who, key)]
    return _best(network, who, limit, key, followed, [1.0] * len(followed))


def adamic_adar(network: Network, who: int, limit: int, key: int) -> list[int]:
    """Suggest whom those one follows follow, those who follow few counting more.

    The weight of one who follows n is 1 / log(1 + n) (Adamic & Adar 2003, for ties that have
    a direction).
    """
    friends = _friends(network, who, key)
    followed = [network.followees(friend) for friend in friends]
    weights = [1 / log(1 + len(row)) if len(row) else 0.0 for row in followed]
    return _best(network, who, limit, key, followed, weights)


def preferential_attachment(network: Network, who: int, limit: int, key: int) -> list[int]:
    """Suggest by chance, in proportion to followers (Barabási & Albert 1999).

    The followee of a tie drawn evenly from all ties is such a draw, and needs no table of who
    has how many followers.
    """
    found: dict[int, None] = {}
    for attempt in range(TRIES * limit if network.total_count else 0):
        tie = network.tie(draws.below(network.total_count, key, "tie", attempt))
        if tie is not None and tie[1] != who and not network.follows(who, tie[1]):
            found[tie[1]] = None
            if len(found) == limit:
                break
    return list(found)


def random_walk(network: Network, who: int, limit: int, key: int) -> list[int]:
    """Suggest where short walks along ties, begun at `who`, come by most often.

    A personalised PageRank by simulation (Page et al. 1999; Fogaras et al. 2005): 32 walks of at
    most 4 steps, each step going on with a chance of 3 in 4.
    """
    visits: Counter[int] = Counter()
    for walk in range(WALKS):
        here = who
        for step in range(STEPS):
            row = network.followees(here)
            chance = draws.bits(key, "walk", walk, step)
            if not len(row) or (step and not chance & 3):
                break
            here = int(row[(chance >> 2) * len(row) >> 62])
            visits[here] += 1
    met = np.fromiter(visits, np.int32, len(visits))
    scores = np.fromiter(visits.values(), np.float64, len(visits))
    return _top(network, who, limit, key, met, scores)


def _friends(network: Network, who: int, key: int) -> list[int]:
    friends: list[int] = _some(network.followees(who), key).tolist()
    return friends


def _some(row: Indices, key: int) -> Indices:
    """Take at most `REACH` of a row, evenly spaced from a place that the key gives."""
    if len(row) <= REACH:
        return row
    places = (key % len(row) + np.arange(REACH) * len(row) // REACH) % len(row)
    some: Indices = row[places]
    return some


def _best(
    network: Network,
    who: int,
    limit: int,
    key: int,
    rows: Sequence[Indices],
    weights: Sequence[float],
) -> list[int]:
    """Add up weights by member and take the best; rows are sampled if they are long."""
    if not rows:
        return []
    some = [_some(row, key) for row in rows]
    scaled = [
        weight * len(row) / max(1, len(sampled))
        for weight, row, sampled in zip(weights, rows, some, strict=True)
    ]
    each = np.repeat(np.array(scaled), [len(sampled) for sampled in some])
    members, place = np.unique(np.concatenate(some), return_inverse=True)
    scores = np.bincount(place, each, len(members)).astype(np.float64)
    return _top(network, who, limit, key, members, scores)


def _top(
    network: Network, who: int, limit: int, key: int, members: Indices, scores: Scores
) -> list[int]:
    new = ~np.isin(members, np.append(network.followees(who), who))
    members, scores = members[new], scores[new]
    order = np.lexsort((_hashed(members, key), -scores))[:limit]
    best: list[int] = members[order].tolist()
    return best


def _hashed(members: Indices, key: int) -> npt.NDArray[np.uint64]:
    return mixed(members.astype(np.uint64) ^ np.uint64(key & (2**64 - 1)))
